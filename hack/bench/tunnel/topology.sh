# Sourced after lab.sh. Two nodes joined by one cable, a pod on a bridge in each:
#
#   pod-a --veth-- br0 node-a --underlay-- node-b br0 --veth-- pod-b
#
# The pods are the same for all contenders. Contender number C has a pair of addresses of its own in them, and the nodes
# route its prefix by its device; so who carries a packet is chosen by the address alone:
#
#   side S (1 for a, 2 for b)    10.C.S.0/24, pod .2, bridge .1      fd00:C:S::/64, pod ::2, bridge ::1
#
#   topology_make                      the namespaces, the cable, the bridges
#   topology_pods NAME C MTU           the pair of addresses, and routes with the contender's MTU, so that TCP in the pods
#                                      makes segments that fit
#   topology_route SIDE C DEVICE [VIA4 VIA6]   the node's route to the other side's prefix
#   pod_address C SIDE [FAMILY]
# shellcheck shell=bash

readonly SIDES='a b'
side_number() { [ "$1" = a ] && echo 1 || echo 2; }
other_side() { [ "$1" = a ] && echo b || echo a; }

pod_address() {
    if [ "${3:-4}" = 6 ]; then echo "fd00:$1:$(side_number "$2")::2"; else echo "10.$1.$(side_number "$2").2"; fi
}

topology_make() {
    local side
    for side in $SIDES; do
        lab_namespace "node-$side"
        lab_namespace "pod-$side"
        topology_settings "node-$side"
        topology_settings "pod-$side"
        topology_bridge "$side"
    done
    lab_cable node-a node-b 77
}

# No waiting for an IPv6 address to be usable.
topology_settings() {
    inside "$1" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
        net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0 \
        net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
}

topology_bridge() {
    ip -n "$LAB-node-$1" link add br0 type bridge
    ip -n "$LAB-node-$1" link set br0 up
    ip link add eth0 netns "$LAB-pod-$1" type veth peer name pod netns "$LAB-node-$1"
    ip -n "$LAB-node-$1" link set pod master br0 up
    ip -n "$LAB-pod-$1" link set eth0 up
}

topology_pods() {
    local side here there
    for side in $SIDES; do
        here=$(side_number "$side") there=$(side_number "$(other_side "$side")")
        ip -n "$LAB-node-$side" address add "10.$1.$here.1/24" dev br0
        ip -n "$LAB-node-$side" address add "fd00:$1:$here::1/64" dev br0 nodad
        ip -n "$LAB-pod-$side" address add "10.$1.$here.2/24" dev eth0
        ip -n "$LAB-pod-$side" address add "fd00:$1:$here::2/64" dev eth0 nodad
        ip -n "$LAB-pod-$side" route add "10.$1.$there.0/24" via "10.$1.$here.1" src "10.$1.$here.2" mtu "$2"
        ip -n "$LAB-pod-$side" -6 route add "fd00:$1:$there::/64" via "fd00:$1:$here::1" src "fd00:$1:$here::2" mtu "$2"
    done
}

# Without the two gateways the device is a TUN, which needs none.
topology_route() {
    local there
    there=$(side_number "$(other_side "$1")")
    ip -n "$LAB-node-$1" route add "10.$2.$there.0/24" ${4:+via "$4"} dev "$3"
    ip -n "$LAB-node-$1" -6 route add "fd00:$2:$there::/64" ${5:+via "$5"} dev "$3"
}

# Every contender must carry a packet of either family before anything is measured.
topology_carries() {
    local address
    for address in "$(pod_address "$1" b)" "$(pod_address "$1" b 6)"; do
        inside pod-a ping -q -c 1 -W 1 "$address" >/dev/null 2>&1 || return 1
    done
}
