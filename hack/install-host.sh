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
    [ -n "$ROOT" ] || systemctl daemon-reload
    echo "install: now edit $SETTINGS/agent.json and peers.json, then: systemctl enable --now cnitun-tunnel cnitun-agent"
}

remove() {
    if [ -z "$ROOT" ]; then
        if [ -n "$(ip -o link show master cnitun-br0 2>/dev/null)" ]; then
            fail 'pods are attached to cnitun-br0: delete them first, their DEL needs the plugin'
        fi
        systemctl disable --now cnitun-agent cnitun-tunnel || true
    fi
    # The conflist first: no pod may be sent to a plugin that is gone.
    rm -fv "$CONFLIST" "$PLUGINS/cnitun" "$PROGRAMS"/{cnitun-tunnel,cnitun-agent,cnitunctl} \
        "$UNITS"/{cnitun-tunnel,cnitun-agent}.service "$DOCS/README.md"
    [ ! -d "$DOCS" ] || rmdir "$DOCS"
    rm -rf "$ROOT/run/cnitun"
    if [ -z "$ROOT" ]; then
        systemctl daemon-reload
        ip link del cnitun-br0 2>/dev/null || true
        ip link del cnitun-tun0 2>/dev/null || true
        # The agent's routes are known by their protocol; masquerading is a table of its own.
        ip -4 route flush proto 199
        ip -6 route flush proto 199
        nft delete table inet cnitun 2>/dev/null || true
    fi
    echo "install: removed; $SETTINGS and the key in $ROOT/var/lib/cnitun stay"
}

[ -n "$ROOT" ] || [ "$(id -u)" -eq 0 ] || fail 'needs root (or DESTDIR)'
case ${1:-} in
    '') add ;;
    --remove) remove ;;
    *) fail 'usage: hack/install-host.sh [--remove]' ;;
esac
