# Sourced after topology.sh. Those that are compared, each with its number in the addresses and the MTU that its overhead
# leaves of the underlay's 1500:
#
#   contender_start NAME       starts it on both nodes; sets TUNNEL_PIDS[NAME] if it has processes; returns 1 if it does not run
#   contender_sockets_remove   what tunnels left in WireGuard's directory
#
# cnitun-many is the tunnel under test once more, with 5,000 peers and 10,000 prefixes.
# BIN, BIN_B: directories of the binaries; CNITUN_TUNNEL_FLAGS and CNITUN_TUNNEL_FLAGS_B: further flags, split at blanks.
# shellcheck shell=bash

declare -A TUNNEL_PIDS NUMBER MTU
NUMBER=([direct]=101 [vxlan]=102 [wireguard-go]=103 [openvpn]=104 [cnitun]=105 [cnitun-b]=106 [cnitun-many]=107)
MTU=([direct]=1500 [vxlan]=1450 [wireguard-go]=1420 [openvpn]=1448 [cnitun]=1472 [cnitun-b]=1472 [cnitun-many]=1472)
readonly SOCKETS=/var/run/wireguard
# As the systemd units in manifests/host have it: this capability and no other.
readonly LEAST_PRIVILEGE=(setpriv '--bounding-set=-all,+net_admin')

underlay_address() { echo "192.168.77.$(side_number "$1")"; }

contender_start() {
    local number=${NUMBER[$1]}
    topology_pods "$number" "${MTU[$1]}"
    case $1 in
        direct) start_direct "$number" ;;
        vxlan) start_vxlan "$number" ;;
        wireguard-go) start_wireguard_go "$number" || return 1 ;;
        openvpn) start_openvpn "$number" || return 1 ;;
        cnitun) start_cnitun "$1" "$BIN" "${CNITUN_TUNNEL_FLAGS:-}" || return 1 ;;
        cnitun-b) start_cnitun "$1" "$BIN_B" "${CNITUN_TUNNEL_FLAGS_B:-${CNITUN_TUNNEL_FLAGS:-}}" || return 1 ;;
        cnitun-many) start_cnitun "$1" "$BIN" "${CNITUN_TUNNEL_FLAGS:-}" && add_many_peers "$1" || return 1 ;;
    esac
    lab_wait 10 topology_carries "$number"
}

start_direct() {
    topology_route a "$1" underlay 192.168.77.2 fd00:77::2
    topology_route b "$1" underlay 192.168.77.1 fd00:77::1
}

start_vxlan() {
    local side other
    for side in $SIDES; do
        other=$(other_side "$side")
        ip -n "$LAB-node-$side" link add vxlan type vxlan id 77 dstport 4789 dev underlay \
            local "$(underlay_address "$side")" remote "$(underlay_address "$other")"
        ip -n "$LAB-node-$side" address add "10.$1.0.$(side_number "$side")/24" dev vxlan
        ip -n "$LAB-node-$side" address add "fd00:$1::$(side_number "$side")/64" dev vxlan nodad
        ip -n "$LAB-node-$side" link set vxlan up mtu "${MTU[vxlan]}"
        topology_route "$side" "$1" vxlan "10.$1.0.$(side_number "$other")" "fd00:$1::$(side_number "$other")"
    done
}

# tunnel_device NAME SIDE: unique on the host, since its control socket is named after it.
tunnel_device() {
    local prefix
    case $1 in wireguard-go) prefix=wg ;; cnitun) prefix=cn ;; cnitun-b) prefix=cb ;; cnitun-many) prefix=cm ;; esac
    echo "$prefix$$$2"
}

start_wireguard_go() {
    local side device
    for side in $SIDES; do
        device=$(tunnel_device wireguard-go "$side")
        LOG_LEVEL=error lab_daemon "$LAB_DIR/wireguard-go-$side.log" "node-$side" "$WIREGUARD_GO" -f "$device"
        TUNNEL_PIDS[wireguard-go]+="$LAB_PID "
        (umask 077 && wg genkey >"$LAB_DIR/wireguard-go-$side.key")
        wg pubkey <"$LAB_DIR/wireguard-go-$side.key" >"$LAB_DIR/wireguard-go-$side.pub"
    done
    for side in $SIDES; do
        device=$(tunnel_device wireguard-go "$side")
        lab_wait 5 test -S "$SOCKETS/$device.sock" || return 1
        inside "node-$side" wg set "$device" private-key "$LAB_DIR/wireguard-go-$side.key"
        join_peers wireguard-go "$side" 51820 "$(cat "$LAB_DIR/wireguard-go-$(other_side "$side").pub")"
    done
}

# start_cnitun NAME DIRECTORY FLAGS
start_cnitun() {
    local side device port=$((6000 + NUMBER[$1])) flags
    read -ra flags <<<"$3"
    for side in $SIDES; do
        device=$(tunnel_device "$1" "$side")
        lab_daemon "$LAB_DIR/$1-$side.log" "node-$side" "${LEAST_PRIVILEGE[@]}" "$2/cnitun-tunnel" \
            --interface "$device" --socket "$SOCKETS/$device.sock" --listen-port "$port" "${flags[@]}"
        TUNNEL_PIDS[$1]+="$LAB_PID "
    done
    for side in $SIDES; do
        lab_wait 5 test -S "$SOCKETS/$(tunnel_device "$1" "$side").sock" || return 1
        join_peers "$1" "$side" "$port" "$(plain_key "$(side_number "$(other_side "$side")")")"
    done
}

# In plain mode a key is a name and no more. Base64 of 32 bytes, the number in digits.
plain_key() { printf '%042d0=\n' "$1"; }

# join_peers NAME SIDE PORT KEY: the one peer, the device up, the route.
join_peers() {
    local device other number=${NUMBER[$1]} there
    device=$(tunnel_device "$1" "$2") other=$(other_side "$2")
    there=$(side_number "$other")
    inside "node-$2" wg set "$device" listen-port "$3" peer "$4" endpoint "$(underlay_address "$other"):$3" \
        allowed-ips "10.$number.$there.0/24,fd00:$number:$there::/64"
    ip -n "$LAB-node-$2" link set "$device" up mtu "${MTU[$1]}"
    topology_route "$2" "$number" "$device"
}

# 4,999 further peers with two prefixes each, nobody there.
add_many_peers() {
    local side
    awk 'BEGIN {
        for (i = 10; i < 5009; i++) {
            printf "[Peer]\nPublicKey = %042d0=\nEndpoint = 198.18.%d.%d:6080\n", i, int(i / 256), i % 256
            printf "AllowedIPs = 11.%d.%d.0/24, 12.%d.%d.0/24\n", int(i / 256), i % 256, int(i / 256), i % 256
        }
    }' >"$LAB_DIR/many.conf"
    for side in $SIDES; do
        inside "node-$side" wg addconf "$(tunnel_device "$1" "$side")" "$LAB_DIR/many.conf"
    done
}

# No cipher and no authentication of packets; only the handshake has keys, which OpenVPN 2.6 insists on.
start_openvpn() {
    local side role
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=cnitun-bench \
        -keyout "$LAB_DIR/openvpn.key" -out "$LAB_DIR/openvpn.crt" 2>/dev/null
    for side in $SIDES; do
        role=(--tls-client)
        [ "$side" = a ] || role=(--tls-server --dh none)
        lab_daemon "$LAB_DIR/openvpn-$side.log" "node-$side" openvpn --dev ovpn --dev-type tun --proto udp4 \
            --local "$(underlay_address "$side")" --remote "$(underlay_address "$(other_side "$side")")" --port 1194 \
            "${role[@]}" --ca "$LAB_DIR/openvpn.crt" --cert "$LAB_DIR/openvpn.crt" --key "$LAB_DIR/openvpn.key" \
            --data-ciphers none --cipher none --auth none --disable-dco --fast-io --txqueuelen 1000 --verb 2 \
            --tun-mtu "${MTU[openvpn]}" --ifconfig-noexec --ifconfig "10.$1.0.$(side_number "$side")" "10.$1.0.$(side_number "$(other_side "$side")")" \
            --ifconfig-ipv6 "fd00:$1::$(side_number "$side")/64" "fd00:$1::$(side_number "$(other_side "$side")")"
        TUNNEL_PIDS[openvpn]+="$LAB_PID "
    done
    for side in $SIDES; do
        lab_wait 5 ip -n "$LAB-node-$side" link set ovpn up mtu "${MTU[openvpn]}" 2>/dev/null || return 1
        topology_route "$side" "$1" ovpn
    done
}

contender_sockets_remove() {
    rm -f "$SOCKETS"/{wg,cn,cb,cm}$$[ab].sock
}
