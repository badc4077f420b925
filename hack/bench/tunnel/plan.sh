# Sourced after measure.sh. What is measured of whom.
#
#   plan_read ARGUMENTS...         sets ROUNDS, RUN_SECONDS, IDLE_SECONDS, CONTENDERS, CONDITIONS, METRICS, MICRO and OUT
#   plan_round CONDITION ROUND     all metrics of that condition, each of all contenders in turn
#   plan_micro FILE                what micro.sh found, as lines of measurements
# shellcheck shell=bash disable=SC2034

plan_read() {
    local option mode=full
    case ${1:-} in
        quick | full) mode=$1; shift ;;
    esac
    "plan_$mode"
    while getopts r:s:k:c:m:o:in option; do
        case $option in
            r) ROUNDS=$OPTARG ;;
            s) RUN_SECONDS=$OPTARG ;;
            k) IFS=, read -ra CONTENDERS <<<"$OPTARG" ;;
            c) IFS=, read -ra CONDITIONS <<<"$OPTARG" ;;
            m) IFS=, read -ra METRICS <<<"$OPTARG" ;;
            o) OUT=$OPTARG ;;
            i) IDLE_SECONDS=10 ;;
            n) MICRO=no ;;
            *) echo 'usage: see the head of hack/bench/tunnel.sh' >&2; exit 2 ;;
        esac
    done
    plan_check
}

plan_quick() {
    ROUNDS=3 RUN_SECONDS=2 IDLE_SECONDS=0 MICRO=no OUT='' CONDITIONS=(offload) METRICS=(tcp1 pps rr)
    CONTENDERS=(vxlan wireguard-go cnitun)
    plan_second_build
}

# No list of metrics: each condition has its own.
plan_full() {
    ROUNDS=5 RUN_SECONDS=2 IDLE_SECONDS=10 MICRO=yes OUT=docs/bench CONDITIONS=(offload single gro loss reorder) METRICS=()
    CONTENDERS=(direct vxlan wireguard-go openvpn cnitun cnitun-many)
    plan_second_build
}

plan_second_build() {
    [ -z "${CNITUN_BIN_B:-}${CNITUN_TUNNEL_FLAGS_B:-}" ] || CONTENDERS+=(cnitun-b)
}

plan_check() {
    local name known=()
    [[ $ROUNDS =~ ^[1-9][0-9]?$ && $RUN_SECONDS =~ ^[1-9][0-9]?$ ]] || {
        echo 'bench: rounds and seconds are numbers from 1 to 99' >&2
        exit 2
    }
    for name in "${CONTENDERS[@]}"; do
        [ -n "${NUMBER[$name]:-}" ] || { echo "bench: there is no contender $name" >&2; exit 2; }
        [ "$name" != wireguard-go ] || wireguard_go_fetch || continue
        known+=("$name")
    done
    CONTENDERS=("${known[@]}")
    for name in "${CONDITIONS[@]}"; do
        [[ $name =~ ^(offload|single|gro|loss|reorder)$ ]] || { echo "bench: there is no condition $name" >&2; exit 2; }
    done
    for name in "${METRICS[@]}"; do
        [[ $name =~ ^(tcp1|tcp4|tcp6|both|pps|rr)$ ]] || { echo "bench: there is no metric $name" >&2; exit 2; }
    done
}

plan_round() {
    local metric name metrics=("${METRICS[@]}")
    [ ${#metrics[@]} -gt 0 ] || case $1 in
        offload) metrics=(tcp1 tcp4 tcp6 both pps rr) ;;
        single | gro) metrics=(tcp1 tcp4) ;;
        loss | reorder) metrics=(tcp1) ;;
    esac
    for metric in "${metrics[@]}"; do
        for name in "${CONTENDERS[@]}"; do
            ! plan_leaves_out "$1" "$metric" "$name" || continue
            measure "$1" "$metric" "$name" "$2"
        done
    done
    [ "$1" != offload ] || for name in "${CONTENDERS[@]}"; do
        measure "$1" rss "$name" "$2"
    done
}

# What no goal asks for, in a run that measures everything: it has a time to keep.
plan_leaves_out() {
    [ ${#METRICS[@]} -eq 0 ] || return 1
    case $3 in
        cnitun-many) [[ $1:$2 != offload:tcp1 && $1:$2 != offload:pps ]] ;;
        openvpn) [[ $1 != offload || $2 == both || $2 == tcp6 ]] ;;
        *) false ;;
    esac
}

# NAME NANOSECONDS BYTES: every one as it is, then the worst layout of each family's look-up, and the most that any allocated.
plan_micro() {
    awk '
        { printf "micro %s-ns cnitun 0 %s\nmicro %s-bytes cnitun 0 %s\n", $1, $2, $1, $3 }
        match($1, /^LookUpIPv[46]/) { family = substr($1, 10, 1); if ($2 > worst[family]) worst[family] = $2 }
        $3 > most { most = $3 }
        END {
            for (family in worst) printf "micro look-up-%s cnitun 0 %s\n", family, worst[family]
            printf "micro allocated cnitun 0 %d\n", most
        }' "$1"
}
