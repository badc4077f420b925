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

version_of_ours() {
    local bin=$BIN flags=${CNITUN_TUNNEL_FLAGS:-}
    [ "$1" = cnitun ] || { bin=$BIN_B flags=${CNITUN_TUNNEL_FLAGS_B:-$flags}; }
    printf '%s, commit %s, %s bytes%s' "$("$bin/cnitun-tunnel" --version | awk '{ print $2 }')" \
        "$(git describe --always --dirty 2>/dev/null || echo unknown)" "$(stat -c %s "$bin/cnitun-tunnel")" "${flags:+, $flags}"
}
