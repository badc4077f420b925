# Sourced after topology.sh. What the underlay does to datagrams, the same for all contenders, in both directions:
#
#   offload    passes superpackets on uncut, as a link with TCP and UDP segmentation offload does (the default of a veth)
#   single     every datagram by itself
#   gro        as single, but what arrives is merged again by the kernel, as behind most network cards
#   loss       as single, and 1 % of the datagrams, chosen at random, do not arrive
#   reorder    as single, and 2 % of the datagrams, chosen at random, arrive LATE_MICROSECONDS later than they would
#
#   condition_set NAME
#   condition_holds NAME     what arrived was as the condition says: no superpackets, and so on; says so if not
#
# The kernel need not have netem: nftables drops, or sends the datagram to late.c, where a packet enters a node.
# shellcheck shell=bash

readonly LATE_MICROSECONDS=300
readonly SEGMENTATION=(tso gso tx-udp-segmentation tx-udp_tnl-segmentation tx-udp_tnl-csum-segmentation tx-gso-list)

condition_set() {
    local side switch=off merge=off feature arguments=()
    [ "$1" != offload ] || switch=on
    [ "$1" != gro ] || merge=on
    for feature in "${SEGMENTATION[@]}"; do
        arguments+=("$feature" "$switch")
    done
    for side in $SIDES; do
        inside "node-$side" ethtool -K underlay gro "$merge" "${arguments[@]}"
        condition_rules "$1" | inside "node-$side" nft -f -
    done
}

# Without metering where superpackets arrive, so that nothing is in the way there.
condition_rules() {
    printf 'table netdev bench\ndelete table netdev bench\n'
    [[ $1 != offload && $1 != gro ]] || return 0
    cat <<END
table netdev bench {
    counter frames { }
    counter super { }
    counter hit { }
    chain arrive {
        type filter hook ingress device "underlay" priority 0
        counter name frames
        meta length > 1500 counter name super
        $(condition_verdict "$1")
    }
}
END
}

# Never ARP or neighbour discovery: what is measured is not how long they are waited for.
condition_verdict() {
    case $1 in
        loss) echo 'ether type ip numgen random mod 100 < 1 counter name hit drop'
            echo 'ip6 nexthdr tcp numgen random mod 100 < 1 counter name hit drop' ;;
        reorder) echo 'ether type ip numgen random mod 100 < 2 counter name hit fwd to "late"'
            echo 'ip6 nexthdr tcp numgen random mod 100 < 2 counter name hit fwd to "late"' ;;
    esac
}

# A detour for the datagrams that shall be late: to a namespace where late.c keeps them for a while, and back by the same
# cable, as if they came by the underlay, whose hardware address the end in the node has.
condition_detour() {
    local side mac
    for side in $SIDES; do
        lab_namespace "late-$side"
        mac=$(ip -n "$LAB-node-$side" -j link show underlay | jq -r '.[0].address')
        ip link add late netns "$LAB-node-$side" address "$mac" type veth peer name late netns "$LAB-late-$side"
        inside "late-$side" sysctl -qw net.ipv6.conf.all.disable_ipv6=1
        inside "node-$side" sysctl -qw net.ipv6.conf.late.addr_gen_mode=1
        ip -n "$LAB-node-$side" link set late up arp off
        ip -n "$LAB-late-$side" link set late up arp off
        lab_daemon "$LAB_DIR/late-$side.log" "late-$side" "$LAB_DIR/late" late $LATE_MICROSECONDS
    done
}

condition_counter() { inside "node-$1" nft -j list counter netdev bench "$2" | jq '.nftables[-1].counter.packets'; }

condition_holds() {
    local side all super hit=0
    [[ $1 != offload && $1 != gro ]] || return 0
    for side in $SIDES; do
        all=$(condition_counter "$side" frames) super=$(condition_counter "$side" super) hit=$(condition_counter "$side" hit)
        echo "bench: $1: node-$side received $all frames, $super of them longer than the MTU, $hit lost or late"
        [ "$super" -eq 0 ] || { echo 'bench: superpackets arrived where there should be none' >&2; return 1; }
        [ "$1" = single ] || [ "$hit" -gt 0 ] || { echo "bench: no $1 took place" >&2; return 1; }
    done
}
