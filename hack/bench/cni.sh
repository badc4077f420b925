#!/usr/bin/env bash
# The plugin against the reference `bridge` with `host-local`, call for call, in turns on the same machine, so that
# whatever else the machine does hits both: what carries over to another machine is the ratio of the medians.
# Writes docs/bench/cni.json, cni.md and cni.svg. About two minutes.
#
#   hack/bench/cni.sh [ROUNDS]       60 unless told; CNITUN_BIN=DIR measures the binary in DIR
#
# Each side has a node of its own (a network namespace without a way out) and the same pods. Leases lie on tmpfs for both.
set -Eeuo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=hack/programs.sh
source hack/programs.sh
# shellcheck source=hack/lab.sh
source hack/lab.sh

readonly ROUNDS=${1:-60}
readonly MASQUERADE_ROUNDS=$(((ROUNDS + 2) / 3))
readonly TOGETHER=50
readonly TOGETHER_ROUNDS=$(((ROUNDS + 9) / 10))
readonly LEASES=60000
readonly REFERENCE=/usr/lib/cni

[ "$(id -u)" -eq 0 ] || { echo 'bench: needs root, for network namespaces' >&2; exit 1; }
programs_only bench
[ -n "${CNITUN_BIN:-}" ] || hack/build.sh
BIN=$(realpath "${CNITUN_BIN:-dist/linux-x64}")
readonly BIN

close() {
    lab_close
    rm -rf "${STATE:-}"
}
trap close EXIT
trap 'exit 130' INT TERM
lab_open cnitun-bench
STATE=$(mktemp -d /dev/shm/cnitun-bench.XXXXXX)
readonly STATE
for name in ours reference; do
    lab_namespace "$name"
done
for ((pod = 0; pod < TOGETHER; pod++)); do
    lab_namespace "pod$pod"
done
gcc -O2 -Wall -Wextra -Werror -static -o "$LAB_DIR/calls" hack/bench/calls.c

# config NAME BRIDGE MASQUERADE SUBNET...: one network for both sides, as $LAB_DIR/NAME.ours and NAME.reference.
config() {
    local side type ipam
    for side in ours reference; do
        type=bridge ipam=host-local
        [ "$side" = reference ] || type=cnitun ipam=cnitun
        jq -n --arg name "$1" --arg bridge "$2" --argjson masquerade "$3" --arg type $type --arg ipam $ipam --arg state "$STATE/$side" '{
            cniVersion: "1.0.0", $name, $type, $bridge, isDefaultGateway: true, ipMasq: $masquerade,
            ipam: {type: $ipam, dataDir: $state, ranges: [$ARGS.positional[] | [{subnet: .}]]}
        }' --args "${@:4}" >"$LAB_DIR/$1.$side"
    done
}
config one br-one false 10.77.0.0/16
config two br-two true 10.78.0.0/16 fd00:78::/64
config empty br-fill false 10.79.0.0/16
config full br-fill false 10.79.0.0/16

# A line of the plan: call METRIC SIDE COMMAND POD CONFIG.
call() {
    local plugin=$BIN/cnitun
    [ "$2" = ours ] || plugin=$REFERENCE/bridge
    echo "$1 $2 /run/netns/$LAB-$2 $3 $5-$2-$4 /run/netns/$LAB-$4 $LAB_DIR/$5.$2 $plugin"
}

run() { (cd "$STATE" && "$LAB_DIR/calls") >>"$LAB_DIR/measured"; }

# The first ADD makes the bridge, which is not what a pod pays: it is not counted.
warm_up() {
    call - "$1" ADD pod0 "$2"
    call - "$1" DEL pod0 "$2"
}

plan_one_pod() {
    local round side command
    warm_up ours one
    warm_up reference one
    for ((round = 0; round < ROUNDS; round++)); do
        for side in ours reference; do
            for command in VERSION ADD CHECK DEL; do
                call $command $side $command pod0 one
            done
        done
        echo "floor - /run/netns/$LAB-ours VERSION floor none $LAB_DIR/one.ours /bin/true"
    done
}

plan_masquerade() {
    local round side
    for ((round = 0; round < MASQUERADE_ROUNDS; round++)); do
        for side in "$@"; do
            call ADD-masquerade "$side" ADD pod0 two
            call DEL-masquerade "$side" DEL pod0 two
        done
    done
}

plan_together() {
    local round side command pod
    for ((round = 0; round < TOGETHER_ROUNDS; round++)); do
        for side in ours reference; do
            for command in ADD DEL; do
                echo "together $command-together $side $TOGETHER"
                for ((pod = 0; pod < TOGETHER; pod++)); do
                    call - $side $command pod$pod one
                done
            done
        done
    done
}

# The two networks share a bridge, so that nothing differs but the leases. One uncounted round: it finds the leases.
plan_filled() {
    local round name
    warm_up ours empty
    warm_up ours full
    for ((round = 0; round < ROUNDS; round++)); do
        for name in empty full; do
            call ADD-$name ours ADD pod0 $name
            call DEL-$name ours DEL pod0 $name
        done
    done
}

# Leases as the plugin notes them (src/CniTun.Ipam/LeaseStore.cs): one file by two names.
fill() {
    local store=$STATE/ours/full i address
    mkdir -p "$store/attachments" "$store/addresses"
    cd "$store/attachments"
    seq -f 'filler%.0f:eth0' 2 $((LEASES + 1)) | xargs mkdir
    for ((i = 2; i < LEASES + 2; i++)); do
        address=10.79.$((i >> 8)).$((i & 255))
        printf '{"address":"%s/16","gateway":"10.79.0.1","containerId":"filler%d","interfaceName":"eth0","networkNamespace":"none"}\n' \
            $address $i >"filler$i:eth0/$address"
    done
    find . -type f -print0 | xargs -0 ln -t "$store/addresses"
    cd - >/dev/null
}

# Whether an ADD with ipMasq leaves a rule. A plugin that refuses the key says so on standard error.
masquerades() {
    local code=0
    call - ours ADD pod0 two | run && inside ours nft list ruleset | grep masquerade >/dev/null || code=1
    call - ours DEL pod0 two | run
    return $code
}

echo "bench: $ROUNDS rounds of VERSION, ADD, CHECK and DEL, in turns with the reference"
plan_one_pod | run
sides=(ours reference)
if ! masquerades; then
    echo 'bench: this build does not masquerade yet (ipMasq left no rule): its rows are left out'
    sides=(reference)
fi
echo "bench: $MASQUERADE_ROUNDS rounds with two families and masquerade"
warm_up reference two | run
plan_masquerade "${sides[@]}" | run
echo "bench: $TOGETHER_ROUNDS rounds of $TOGETHER calls at once"
plan_together | run
echo "bench: $ROUNDS rounds with $LEASES leases in a /16, in turns with none"
fill
plan_filled | run

size() { stat -Lc %s "$@" | awk '{ sum += $1 } END { print sum }'; }
echo "size ours $(size "$BIN/cnitun") 0
size reference $(size "$REFERENCE/bridge" "$REFERENCE/host-local") 0" >>"$LAB_DIR/measured"
hack/bench/cni-report.sh "$LAB_DIR/measured" docs/bench
