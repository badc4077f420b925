#!/usr/bin/env bash
# Installs CniTun on this host, or removes it; see manifests/host/README.md. Needs the binaries of `make build`.
#
#   hack/install-host.sh [--remove]
#
# Each file appears at once and complete, so a running program or a runtime never sees half of one. Settings that are
# there already stay. With DESTDIR set, files go below it and neither systemd nor the kernel is touched.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin

readonly ROOT=${DESTDIR:-}
readonly PLUGINS=$ROOT/opt/cni/bin
readonly PROGRAMS=$ROOT/usr/local/bin
readonly UNITS=$ROOT/etc/systemd/system
readonly SETTINGS=$ROOT/etc/cnitun
readonly CONFLIST=$ROOT/etc/cni/net.d/10-cnitun.conflist
readonly DOCS=$ROOT/usr/local/share/doc/cnitun

fail() {
    echo "install: $*" >&2
    exit 1
}

# systemd ARGUMENT...: systemctl, on a host that runs systemd.
systemd() {
    [ ! -d /run/systemd/system ] || systemctl "$@"
}

# put MODE FILE DIRECTORY: writes beside the target under a name that no runtime reads, then renames over it.
put() {
    local target=$3/${2##*/}
    mkdir -p "$3"
    install -m "$1" "$2" "$3/.${2##*/}.new"
    sync "$3/.${2##*/}.new"
    mv "$3/.${2##*/}.new" "$target"
    echo "install: $target"
}

add() {
    local name
    for name in cnitun cnitun-tunnel cnitun-agent cnitunctl; do
        [ -x "dist/linux-x64/$name" ] || fail "dist/linux-x64/$name is missing: run make build"
    done
    put 755 dist/linux-x64/cnitun "$PLUGINS"
    for name in cnitun-tunnel cnitun-agent cnitunctl; do
        put 755 "dist/linux-x64/$name" "$PROGRAMS"
    done
    put 644 manifests/host/README.md "$DOCS"
    put 644 manifests/host/cnitun-tunnel.service "$UNITS"
    put 644 manifests/host/cnitun-agent.service "$UNITS"
    for name in agent.json peers.json; do
        [ -e "$SETTINGS/$name" ] || put 644 "manifests/host/$name" "$SETTINGS"
    done
    mkdir -p "$ROOT/etc/cni/net.d"
    [ -n "$ROOT" ] || systemd daemon-reload
    echo "install: now edit $SETTINGS/agent.json and peers.json, then: systemctl enable --now cnitun-tunnel cnitun-agent"
}

# links KIND NAME MAC: names the interfaces whose name is such, and whose Ethernet address begins so.
links() {
    ip -o link show type "$1" | sed -nE 's/^[0-9]+: ([^:@]+).* link\/ether ([^ ]+).*/\1 \2/p' | grep -E "^$2 $3" | cut -d ' ' -f 1 || true
}

# our_bridges: names those that the plugin made: one that has its address only from a port of ours is another's.
our_bridges() {
    local bridge
    for bridge in $(links bridge '.+' 0a:5a:); do
        [ "$(cat "/sys/class/net/$bridge/addr_assign_type")" != 3 ] || echo "$bridge"
    done
}

# What the plugin makes is known by its names and Ethernet addresses (src/CniTun.Endpoint/EndpointNames.cs), on whatever bridge it is.
readonly HOST_END='cnt[a-z2-7]{11}' GATEWAY_PORT='cng[a-z2-7]{11}'

refuse_while_in_use() {
    local bridge port
    port=$(links veth "$HOST_END" 0a:59: | head -n 1)
    [ -z "$port" ] || fail "pods are attached ($port and perhaps others): delete them first, their DEL needs the plugin"
    for bridge in $(our_bridges); do
        for port in $(ip -o link show master "$bridge" | sed -E 's/^[0-9]+: ([^:@]+).*/\1/'); do
            [[ $port =~ ^$GATEWAY_PORT$ ]] || fail "$port hangs on bridge $bridge, which is to go, and is none of ours: take it off first"
        done
    done
}

remove_from_kernel() {
    local link family
    # Removing one end of a pair removes the other: BRIDGE.VLAN goes with its port.
    for link in $(links veth "$GATEWAY_PORT" 0a:5a:) $(our_bridges) cnitun-tun0; do
        if ip link del "$link" 2>/dev/null; then echo "install: removed $link"; fi
    done
    # The agent's routes are known by their protocol.
    ip -4 route flush proto 199
    ip -6 route flush proto 199
    for family in inet bridge; do
        if ! command -v nft >/dev/null; then
            echo "install: nft is not installed: table $family cnitun, if there is one, stays until the next boot" >&2
        elif nft list table "$family" cnitun >/dev/null 2>&1; then
            nft delete table "$family" cnitun
            echo "install: removed table $family cnitun"
        fi
    done
}

remove() {
    local name
    if [ -z "$ROOT" ]; then
        refuse_while_in_use
        systemd disable --now cnitun-agent cnitun-tunnel || true
    fi
    # The conflist first: no pod may be sent to a plugin that is gone.
    rm -fv "$CONFLIST" "$PLUGINS/cnitun" "$PROGRAMS"/{cnitun-tunnel,cnitun-agent,cnitunctl} \
        "$UNITS"/{cnitun-tunnel,cnitun-agent}.service "$DOCS/README.md" "$ROOT/run/wireguard/cnitun-tun0.sock"
    # Examples that nobody edited are no settings.
    for name in agent.json peers.json; do
        ! cmp -s "manifests/host/$name" "$SETTINGS/$name" || rm -v "$SETTINGS/$name"
    done
    rmdir "$DOCS" "$SETTINGS" 2>/dev/null || true
    rm -rf "$ROOT/run/cnitun"
    if [ -z "$ROOT" ]; then
        systemd daemon-reload
        remove_from_kernel
    fi
    echo "install: removed; edited files in $SETTINGS and the key in $ROOT/var/lib/cnitun stay"
}

[ -n "$ROOT" ] || [ "$(id -u)" -eq 0 ] || fail 'needs root (or DESTDIR)'
case ${1:-} in
    '') add ;;
    --remove) remove ;;
    *) fail 'usage: hack/install-host.sh [--remove]' ;;
esac
