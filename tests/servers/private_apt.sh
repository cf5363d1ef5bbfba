# shellcheck shell=bash
# private_apt FOLDER SOURCE: a configuration of apt that knows one line of sources and touches nothing of the machine's own. Sourced.
# Names of mirror and proxies are the machine's; WHYSLOW_DEBIAN_MIRROR overrides the mirror, which stands in SOURCE as MIRROR.
private_apt() {
    local apt=$1 source=$2 mirror
    mkdir -p "$apt"/{state/lists/partial,cache/archives/partial,etc/preferences.d}
    touch "$apt/state/status"
    mirror=${WHYSLOW_DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' | grep -m 1 -E '/debian/?$' || true)}
    [ -n "$mirror" ] || fail "apt's configuration names no Debian mirror; name one in WHYSLOW_DEBIAN_MIRROR"
    echo "${source/MIRROR/[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror}" >"$apt/etc/sources.list"
    {
        apt-config dump Acquire::http
        apt-config dump Acquire::https
        cat <<END
Dir::State "$apt/state";
Dir::State::status "$apt/state/status";
Dir::Cache "$apt/cache";
Dir::Etc "$apt/etc";
Dir::Etc::main "/dev/null";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::parts "/dev/null";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::Check-Valid-Until "false";
END
    } >"$apt/apt.conf"
}
