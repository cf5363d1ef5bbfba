# shellcheck shell=bash
# What the scripts of this folder share. Sourced, never run.
#
# A server script is called as `tests/servers/NAME FOLDER`. It fetches the server's software if the cache lacks it, makes (or
# copies) a data directory holding the shop, starts the server as an unprivileged user on a free port of 127.0.0.1 and
# 127.0.0.2, writes `export NAME=URL` lines to FOLDER/NAME.env, and stays until it is told to stop. The server never outlives it.

set -Eeuo pipefail
trap 'echo "$name: line $LINENO: $BASH_COMMAND: status $?" >&2' ERR

name=${0##*/}
servers=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/whyslow-tests

# Accounts. The passwords are no secret; they hold characters that a URL must escape.
reader=reader reader_password='re@der/1' reader_in_url='re%40der%2F1'
admin=admin admin_password='adm:n#1' admin_in_url='adm%3An%231'

# One line saying what failed; the caller shows it.
fail() { echo "$name: $*" >&2; exit 1; }

# lap WHAT: seconds since the last lap, as one line of FOLDER/NAME.times (read by tests/run).
last_lap=$EPOCHREALTIME
lap() {
    local now=$EPOCHREALTIME
    awk -v a="$last_lap" -v b="$now" -v what="$name: $1" 'BEGIN { printf "%7.1f s  %s\n", b - a, what }' >>"$folder/$name.times"
    last_lap=$now
}

# A port that nobody listens on, below the range the kernel hands out by itself.
free_port() {
    local port
    for _ in {1..200}; do
        port=$((20000 + RANDOM % 12000))
        # 0A: listening. Addresses do not matter: the servers listen on two.
        cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v p="$(printf ':%04X$' "$port")" '$2 ~ p && $4 == "0A" { found = 1 } END { exit found }' &&
            { echo "$port"; return; }
    done
    fail "no free port found"
}

# give PATH…: to the server's user.
give() { [ "$(id -u)" != 0 ] || chown -R nobody:nogroup "$@"; }

# within SECONDS COMMAND…: until it succeeds; gives up when the server (process $server) is gone.
within() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        kill -0 "$server" 2>/dev/null || return 1
        ((SECONDS < end)) || return 1
        sleep 0.1
    done
}

# A certificate for localhost and 127.0.0.1 (not for 127.0.0.2, so that a wrong name can be tested), signed by the authority that
# tests/run made: $home/server.crt and .key.
make_certificate() {
    openssl_run req -newkey rsa:2048 -nodes -subj "/CN=localhost" -keyout "$home/server.key" -out "$home/server.csr"
    printf 'subjectAltName = DNS:localhost, IP:127.0.0.1\n' >"$home/server.ext"
    openssl_run x509 -req -in "$home/server.csr" -CA "$folder/ca.crt" -CAkey "$folder/ca.key" -days 30 \
        -set_serial "0x$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')" -extfile "$home/server.ext" -out "$home/server.crt"
    chmod 600 "$home/server.key"
}

openssl_run() {
    OPENSSL_CONF="$folder/openssl.cnf" openssl "$@" 2>"$folder/openssl.log" || fail "openssl $1: $(tail -n 1 "$folder/openssl.log")"
}

# software SUITE PROGRAMS PACKAGE…: puts Debian's packages into $root (see fetch). As root, through hard links in our own folder: the
# server's user may not look into the cache of root's home.
software() {
    "$servers/fetch" "$name" "$@" || exit 1
    root=$cache/$name
    if [ "$(id -u)" = 0 ]; then
        cp -al "$root" "$home/software" 2>/dev/null || { rm -rf "$home/software"; cp -a "$root" "$home/software"; }
        root=$home/software
    fi
    lap "fetch"
}

# with_template FILE…: makes $home/data from the cached data directory, which `initialise` and `load` of the caller make when one of
# the FILEs, the script or the software has changed.
with_template() {
    local key template
    key=$(cat "$root/.complete" "$servers/common.sh" "$0" "$@" | sha256sum | cut -c1-16)
    template=$cache/$name.data/$key
    mkdir -p "$cache/$name.data"
    exec 9>"$cache/$name.data/lock"
    flock 9
    if [ ! -d "$template" ]; then
        initialise 9>&-
        lap "initialise"
        load 9>&- || fail "the shop could not be loaded: $(tail -q -n 3 "$home/load.log" "$home/server.log" 2>/dev/null)"
        lap "load the shop"
        # Of older ones the two newest stay, for checkouts that differ.
        rm -rf "${template%/*}"/*.part
        find "${template%/*}" -mindepth 1 -maxdepth 1 -type d -printf '%T@ %p\n' | sort -rn | tail -n +3 | cut -d' ' -f2- | xargs -r rm -rf
        cp -a "$home/data" "$template.part"
        touch "$template.part"
        mv "$template.part" "$template"
    else
        cp -a --reflink=auto "$template" "$home/data"
    fi
    exec 9>&-
    lap "data directory"
}

# stay: until the server ends by itself (a failure) or we are told to stop.
stay() {
    mv "$folder/$name.env.part" "$folder/$name.env"
    wait "$server" || true
    fail "the server ended by itself: $(tail -n 5 "$home/server.log")"
}

# stop SIGNAL: the server, waiting for its end.
stop() {
    [ -n "${server:-}" ] || return 0
    kill -s "$1" "$server" 2>/dev/null || true
    for _ in {1..100}; do
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=
}

# leave SIGNAL: the end of a server's script. The data go; the logs are tests/run's to show.
leave() {
    trap '' TERM INT HUP
    stop "$1"
    rm -rf "$home"
}

folder=${1:?the folder to run in}
home=$folder/$name
# "${as_server[@]}" OPTION… COMMAND…: as the server's user. Database servers refuse root, or should; root gives them `nobody`. The option
# --pdeathsig of setpriv ends the process when this script ends, however it ends.
as_server=(env --chdir="$home" --default-signal=INT,QUIT,PIPE HOME="$home" setpriv)
[ "$(id -u)" != 0 ] || as_server+=(--reuid=nobody --regid=nogroup --clear-groups)
server=
mkdir -p "$home"
[ "$(id -u)" != 0 ] || chown nobody:nogroup "$home"
