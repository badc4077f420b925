# Sourced. Where wireguard-go comes from: bookworm's own is from before its offloads and would flatter us, so the package
# of bookworm-backports is downloaded and unpacked into dist/peers/. It is not installed, and the system's lists of
# packages never hear of backports.
#
#   wireguard_go_fetch         sets WIREGUARD_GO and WIREGUARD_GO_VERSION; returns 1 if it cannot be had
# shellcheck shell=bash

WIREGUARD_GO_VERSION=0.0.20231211-1~bpo12+1
WIREGUARD_GO=dist/peers/wireguard-go-$WIREGUARD_GO_VERSION/usr/bin/wireguard-go

wireguard_go_fetch() {
    [ -x "$WIREGUARD_GO" ] || wireguard_go_download || {
        echo "bench: wireguard-go $WIREGUARD_GO_VERSION cannot be had: what is compared with it is not measured" >&2
        return 1
    }
    WIREGUARD_GO=$(realpath "$WIREGUARD_GO")
}

wireguard_go_download() {
    local apt code=0
    [ -x /usr/bin/apt-get ] || return 1
    apt=$(mktemp -d /tmp/cnitun-bench-apt.XXXXXX)
    chmod 755 "$apt"
    (
        # What fails in here ends the subshell by hand: a caller that asks for the result has switched errexit off.
        mkdir -p "$apt"/{lists,cache/archives}/partial
        echo 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm-backports main' \
            >"$apt/sources.list"
        cd "$apt" || exit 1
        PATH=/usr/sbin:/usr/bin:/sbin:/bin # Debian's package manager has helpers of its own.
        options=(-qq -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$apt/lists"
            -o Dir::Cache="$apt/cache" -o APT::Sandbox::User=root -o Acquire::http::Timeout=20 -o Acquire::Retries=1)
        timeout 120 apt-get "${options[@]}" update || exit 1
        timeout 120 apt-get "${options[@]}" download "wireguard-go=$WIREGUARD_GO_VERSION" || exit 1
        dpkg -x wireguard-go_*.deb unpacked || exit 1
    ) >"$apt/log" 2>&1 || code=1
    if [ $code -eq 0 ]; then
        mkdir -p "$(dirname "$(dirname "$(dirname "$WIREGUARD_GO")")")"
        cp -rT "$apt/unpacked" "$(dirname "$(dirname "$(dirname "$WIREGUARD_GO")")")"
    else
        tail -n 5 "$apt/log" >&2
    fi
    rm -rf "$apt"
    return $code
}
