#!/usr/bin/env bash
# The tunnel against a direct route, kernel VXLAN, wireguard-go and OpenVPN without a cipher: two pods on two nodes (four
# network namespaces without a way out), all contenders in the same kernel at the same time, in turns, round after round,
# so that whatever else the machine does hits all of them. What carries over to another machine is the medians of the
# rounds' ratios, not the numbers. Differences under 15 % mean nothing. As root, on a machine that does nothing else.
#
#   hack/bench/tunnel.sh                    everything, about 11 minutes; writes docs/bench/tunnel.json, .md and .svg
#   hack/bench/tunnel.sh quick              for development, about a minute: one stream, small packets, request and response,
#                                           against VXLAN and wireguard-go; writes nothing
#   hack/bench/tunnel.sh quick -k cnitun,cnitun-b -m tcp1 -r 9 -s 1         A against B, one metric, no one else
#   hack/bench/tunnel.sh quick -c single,loss -m tcp1,tcp4 -k direct,cnitun
#
#   -r ROUNDS  -s SECONDS of a run
#   -k CONTENDERS   of direct, vxlan, wireguard-go, openvpn, cnitun, cnitun-b, cnitun-many
#   -c CONDITIONS   of offload, single, gro, loss, reorder (hack/bench/tunnel/conditions.sh)
#   -m METRICS      of tcp1, tcp4, tcp6, both, pps, rr (hack/bench/tunnel/measure.sh)
#   -o DIR          where the report goes
#   -i              measures idling too, for 10 seconds;  -n  no micro-benchmarks (the whole run does both)
#
#   CNITUN_BIN=DIR             the binaries under test (default: builds, then dist/linux-x64)
#   CNITUN_TUNNEL_FLAGS='...'  further flags for cnitun-tunnel
#   CNITUN_BIN_B=DIR           a second build as the contender cnitun-b, in the same run; CNITUN_TUNNEL_FLAGS_B likewise
#                              (either alone makes a cnitun-b: the same build with other flags, or another with the same)
#   BENCH_KEEP=FILE            keeps the single measurements
# shellcheck disable=SC2034
set -Eeuo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=hack/programs.sh
source hack/programs.sh
source hack/lab.sh
for part in topology wireguard-go contenders conditions measure plan versions; do
    # shellcheck source=/dev/null
    source "hack/bench/tunnel/$part.sh"
done

[ "$(id -u)" -eq 0 ] || { echo 'bench: needs root, for network namespaces' >&2; exit 1; }
programs_only bench
plan_read "$@"
[ -n "${CNITUN_BIN:-}" ] || hack/build.sh
BIN=$(realpath "${CNITUN_BIN:-dist/linux-x64}")
BIN_B=$(realpath "${CNITUN_BIN_B:-$BIN}")
readonly BIN BIN_B
read -r LOAD_BEFORE _ </proc/loadavg

close() {
    lab_close
    contender_sockets_remove
}
trap close EXIT
trap 'exit 130' INT TERM
lab_open cnitun-bench
MEASURED=$LAB_DIR/measured
for tool in pingpong late; do
    gcc -O2 -Wall -Wextra -Werror -o "$LAB_DIR/$tool" "hack/bench/$tool.c"
done
: >"$MEASURED"

topology_make
condition_detour
started=()
for name in "${CONTENDERS[@]}"; do
    if contender_start "$name"; then
        started+=("$name")
    else
        echo "bench: $name carries nothing: it is not measured" >&2
        tail -n 5 "$LAB_DIR/$name"-*.log >&2 2>/dev/null || true
    fi
done
CONTENDERS=("${started[@]}")

echo "bench: $ROUNDS rounds of ${RUN_SECONDS} s a run; conditions ${CONDITIONS[*]}; ${CONTENDERS[*]}"
for condition in "${CONDITIONS[@]}"; do
    condition_set "$condition"
    for ((round = 0; round < ROUNDS; round++)); do
        plan_round "$condition" $round
    done
    condition_holds "$condition"
done
condition_set offload
[ "$IDLE_SECONDS" -eq 0 ] || measure offload idle all 0

if [ "$MICRO" = yes ]; then
    echo 'bench: micro-benchmarks, about half a minute'
    hack/bench/micro.sh "$LAB_DIR/micro" && plan_micro "$LAB_DIR/micro" >>"$MEASURED" || echo 'bench: micro-benchmarks failed' >&2
fi

[ -z "${BENCH_KEEP:-}" ] || cp "$MEASURED" "$BENCH_KEEP"
VERSIONS=$(versions) hack/bench/tunnel/report.sh "$MEASURED" ${OUT:+"$OUT"}
