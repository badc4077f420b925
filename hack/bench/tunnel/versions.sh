# Sourced. What the numbers were measured with, as lines of "name<TAB>version" for the report.
# shellcheck shell=bash

package() { dpkg-query -W -f '${Version}' "$1" 2>/dev/null || echo unknown; }

versions() {
    local name
    printf 'machine\t%s, %s processors, %s\n' "$(awk -F ': ' '/model name/ { print $2; exit }' /proc/cpuinfo)" "$(nproc)" \
        "$(awk '/MemTotal/ { printf "%.0f GB", $2 / 1e6 }' /proc/meminfo)"
    printf 'load\t%s processes that want a processor before the first run, a minute'\''s average; %s rounds, %s s a run\n' \
        "$LOAD_BEFORE" "$ROUNDS" "$RUN_SECONDS"
    printf 'kernel\t%s; TCP cubic\n' "$(uname -sr)"
    for name in cnitun cnitun-b; do
        [[ " ${CONTENDERS[*]} " != *" $name "* ]] || printf '%s\t%s\n' "$name" "$(version_of_ours $name)"
    done
    printf 'wireguard-go\t%s\n' "$WIREGUARD_GO_VERSION"
    printf 'OpenVPN\t%s, neither cipher nor authentication of packets\n' "$(package openvpn)"
    printf 'iperf3\t%s\n' "$(package iperf3)"
    printf '.NET SDK\t%s\n' "$(DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 dotnet --version 2>/dev/null || echo unknown)"
}

# The commit is that of a build by this checkout; of a build from elsewhere nothing is known but what it says itself.
version_of_ours() {
    local bin=$BIN flags=${CNITUN_TUNNEL_FLAGS:-} origin=${CNITUN_BIN:-}
    [ "$1" = cnitun ] || bin=$BIN_B flags=${CNITUN_TUNNEL_FLAGS_B:-$flags} origin=${CNITUN_BIN_B:-$origin}
    if [ -n "$origin" ]; then
        origin='a build from elsewhere'
    else
        origin="commit $(git describe --always --dirty 2>/dev/null || echo unknown)"
    fi
    printf '%s, %s, %s bytes%s' "$("$bin/cnitun-tunnel" --version | awk '{ print $2 }')" "$origin" \
        "$(stat -c %s "$bin/cnitun-tunnel")" "${flags:+, $flags}"
}
