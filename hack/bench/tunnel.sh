#!/usr/bin/env bash
# How fast the tunnel is: one TCP stream between two nodes through it, against the same two nodes' direct route.
# The two take turns, so that whatever else the machine does hits both; what carries over to another machine is the
# ratio of the medians, not the numbers. Differences under 15 % mean nothing.
#
#   hack/bench/tunnel.sh [ROUNDS [SECONDS]]      5 rounds of 2 seconds unless told; CNITUN_BIN=DIR as in demo.sh
set -Eeuo pipefail
cd "$(dirname "$0")/../.."
export PATH=$PATH:/usr/sbin:/sbin
# shellcheck source=hack/lab.sh
source hack/lab.sh
# shellcheck source=hack/node.sh
source hack/node.sh

readonly ROUNDS=${1:-5}
readonly STREAM_SECONDS=${2:-2}

[ "$(id -u)" -eq 0 ] || { echo 'bench: needs root, for network namespaces' >&2; exit 1; }
hack/setup.sh bench
[ -n "${CNITUN_BIN:-}" ] || hack/build.sh
BIN=$(realpath "${CNITUN_BIN:-dist/linux-x64}")
readonly BIN
trap 'lab_close' EXIT
trap 'exit 130' INT TERM
lab_open cnitun-bench

both_ready() { node_is_ready a && node_is_ready b; }

lab_namespace a
lab_namespace b
lab_cable a b 77
node_files a
node_files b
node_peers a b
node_start a
node_start b
lab_wait 10 both_ready || {
    echo 'bench: the nodes did not become ready' >&2
    tail -n 20 "$LAB_DIR"/*/*.log >&2
    exit 1
}
# An address of each node's pod network, where a bridge would have it: no pod is needed to send through the tunnel.
for end in a:1 b:2; do
    ip -n "$LAB-${end%:*}" address add "10.77.${end#*:}.1/32" dev lo
    ip -n "$LAB-${end%:*}" address add "fd00:77:${end#*:}::1/128" dev lo
done

server_listens() { inside b ss -Hltn 'sport = :5201' | grep -q .; }

# stream NAME FROM TO: appends Gbit/s of one stream as the receiver counts it.
stream() {
    lab_daemon "$LAB_DIR/server.log" b iperf3 -s -1 -B "$3"
    lab_wait 5 server_listens
    inside a timeout $((STREAM_SECONDS + 10)) iperf3 -B "$2" -c "$3" -t "$STREAM_SECONDS" -J |
        jq '.end.sum_received.bits_per_second / 1e9' >>"$LAB_DIR/$1"
    wait "$LAB_PID"
}

median() { sort -n "$LAB_DIR/$1" | awk '{ v[NR] = $1 } END { printf "%.2f", v[int((NR + 1) / 2)] }'; }

echo "bench: $ROUNDS rounds of ${STREAM_SECONDS} s, one TCP stream, Gbit/s, medians"
for ((round = 0; round < ROUNDS; round++)); do
    stream direct-4 192.168.77.1 192.168.77.2
    stream tunnel-4 10.77.1.1 10.77.2.1
    stream direct-6 fd00:77::1 fd00:77::2
    stream tunnel-6 fd00:77:1::1 fd00:77:2::1
done
printf '%-6s %8s %8s %8s\n' '' direct tunnel ratio
for family in 4 6; do
    printf 'IPv%-3s %8s %8s %8s\n' "$family" "$(median direct-$family)" "$(median tunnel-$family)" \
        "$(awk -v t="$(median tunnel-$family)" -v d="$(median direct-$family)" 'BEGIN { printf "%.2f", t / d }')"
done
