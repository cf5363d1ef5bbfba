# shellcheck shell=bash
# What a private MySQL and a private MariaDB have in common. Sourced by both scripts after common.sh, which set:
#   daemon, client   paths of the programs below $root
#   arguments        options of this server only
#   initialise       makes an empty $home/data

sql() { "$root/$client" --no-defaults --default-character-set=utf8mb4 -S "$home/socket" "$@"; }
as_admin() { MYSQL_PWD=$admin_password sql -u "$admin" "$@"; }

# start_server OPTION…
start_server() {
    "${as_server[@]}" --pdeathsig TERM "$root/$daemon" --no-defaults --basedir="$root/usr" --datadir="$home/data" "${arguments[@]}" \
        --socket="$home/socket" --pid-file="$home/pid" --log-error="$home/server.log" --tmpdir="$home" \
        --skip-log-bin --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=OFF --innodb-buffer-pool-size=256M --performance-schema=ON \
        "$@" >>"$home/server.out" 2>&1 &
    server=$!
    within 60 test -S "$home/socket" && within 10 kill -0 "$server"
}

load() {
    start_server --skip-networking || return 1
    {
        within 30 sql -u root -e 'select 1'
        sql -u root -e "create user $admin@'%' identified by '$admin_password', $reader@'%' identified by '$reader_password';
            create user tls_only@'%' identified by '$reader_password' require ssl;
            grant all on *.* to $admin@'%' with grant option;
            alter user root@localhost identified by '$admin_password';
            create database shop character set utf8mb4" &&
            as_admin shop <"$servers/shop.mysql.sql"
    } >"$home/load.log" 2>&1 || return 1
    stop TERM
    rm -f "$home/data/auto.cnf" # each server has its own identity
}

run_server() {
    trap 'leave TERM' EXIT
    trap 'exit 143' TERM INT HUP
    with_template "$servers/mysql_family.sh" "$servers/shop.mysql.sql"
    make_certificate
    give "$home/server.key"
    local port
    for _ in 1 2 3; do # another program may take the port first
        port=$(free_port)
        start_server --bind-address=127.0.0.1,127.0.0.2 --port="$port" \
            --ssl-ca="$folder/ca.crt" --ssl-cert="$home/server.crt" --ssl-key="$home/server.key" &&
            within 60 as_admin -e 'select 1' && break
        stop TERM
    done
    [ -n "$server" ] || fail "the server does not start: $(tail -n 5 "$home/server.log")"
    lap "start"

    local variable=WHYSLOW_TEST_${name^^} at=127.0.0.1:$port socket=${home//\//%2F}%2Fsocket
    cat >"$folder/$name.env.part" <<END
export $variable='$name://$reader:$reader_in_url@$at/shop'
export ${variable}_ADMIN='$name://$admin:$admin_in_url@$at/shop'
export ${variable}_SOCKET='$name://$reader:$reader_in_url@localhost/shop?socket=$socket'
export WHYSLOW_${name^^}_BIN='$root/${daemon%/*}'
END
    stay
}
