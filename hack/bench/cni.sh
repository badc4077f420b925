#!/usr/bin/env bash
# How long the plugin takes: ADD and DEL of one pod at a time on one node, and VERSION, which is start-up alone.
# Wall time as a runtime sees it, medians; /bin/true is the floor that every executable pays.
#
#   hack/bench/cni.sh [ROUNDS]       100 unless told; CNITUN_BIN=DIR measures the binary in DIR
set -Eeuo pipefail
cd "$(dirname "$0")/../.."
export PATH=$PATH:/usr/sbin:/sbin
# shellcheck source=hack/lab.sh
source hack/lab.sh
# shellcheck source=hack/runtime.sh
source hack/runtime.sh

readonly ROUNDS=${1:-100}

[ "$(id -u)" -eq 0 ] || { echo 'bench: needs root, for network namespaces' >&2; exit 1; }
hack/setup.sh bench
[ -n "${CNITUN_BIN:-}" ] || hack/build.sh
BIN=$(realpath "${CNITUN_BIN:-dist/linux-x64}")
readonly BIN
trap 'lab_close' EXIT
trap 'exit 130' INT TERM
lab_open cnitun-bench
lab_namespace node
lab_namespace pod
mkdir "$LAB_DIR/leases" "$LAB_DIR/pods"

jq -n --arg leases "$LAB_DIR/leases" '{
    cniVersion: "1.0.0", name: "cnitun",
    plugins: [{
        type: "cnitun", bridge: "cnitun-br0", isDefaultGateway: true, hairpinMode: true,
        ipam: {type: "cnitun", dataDir: $leases, ranges: [[{subnet: "10.77.1.0/24"}], [{subnet: "fd00:77:1::/64"}]]}
    }]
}' >"$LAB_DIR/conflist"

call() {
    runtime_call "$1" node pod "$BIN/cnitun" "$LAB_DIR/conflist" "$LAB_DIR/pods" || {
        echo "bench: $1 failed: $(cat "$LAB_DIR/pods/pod.answer" "$LAB_DIR/pods/pod.log")" >&2
        exit 1
    }
    cat "$LAB_DIR/pods/pod.microseconds" >>"$LAB_DIR/$1"
}

# start_up NAME PROGRAM...: appends the microseconds from start to exit.
start_up() {
    local start=${EPOCHREALTIME/./}
    "${@:2}" <<<'{"cniVersion":"1.0.0"}' >/dev/null
    echo $((${EPOCHREALTIME/./} - start)) >>"$LAB_DIR/$1"
}

report() {
    sort -n "$LAB_DIR/$1" | awk -v name="$1" '
        { v[NR] = $1 / 1000 }
        END { printf "%-10s %8.1f %8.1f %8.1f\n", name, v[int((NR + 1) / 2)], v[int(NR * 0.95 + 0.5)], v[NR] }'
}

echo "bench: $ROUNDS rounds of ADD and DEL, IPv4 and IPv6, one after the other"
# The first ADD makes the bridge, which is not what a pod pays: it is not counted.
call ADD
call DEL
rm -f "$LAB_DIR/ADD" "$LAB_DIR/DEL"
for ((round = 0; round < ROUNDS; round++)); do
    call ADD
    call DEL
    start_up VERSION env CNI_COMMAND=VERSION "$BIN/cnitun"
    start_up true env CNI_COMMAND=VERSION /bin/true
done
printf '%-10s %8s %8s %8s\n' 'ms' median '95 %' most
for name in ADD DEL VERSION true; do
    report "$name"
done
