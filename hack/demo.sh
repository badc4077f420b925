#!/usr/bin/env bash
# `sudo make demo`: CniTun from nothing to pods that talk across nodes, and back to nothing, on one machine.
#
# Two network namespaces are the nodes, joined by a cable; each runs a tunnel and an agent. Four more are the pods; the
# plugin is executed for them as a container runtime would. None of them has a way out. The machinery is in lab.sh
# (namespaces), node.sh (CniTun on a node) and runtime.sh (what a runtime does); here is the story.
#
#   CNITUN_BIN=DIR hack/demo.sh      takes the four binaries from DIR instead of building them
set -Eeuo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=hack/programs.sh
source hack/programs.sh
# shellcheck source=hack/lab.sh
source hack/lab.sh
# shellcheck source=hack/node.sh
source hack/node.sh
# shellcheck source=hack/runtime.sh
source hack/runtime.sh

readonly NODES='a b'
readonly PODS='a1 a2 b1 b2'
readonly STREAM_SECONDS=2

# shellcheck disable=SC2034 # the times are read through list_of
declare -A ADD_MS DEL_MS IP4 IP6 LINKS_BEFORE
declare -a NUMBERS=()
step_number=0
step_name='before the first step'
logs=()
failed_command=''

# --- what the reader sees -----------------------------------------------------------------------------------------

if [ -t 1 ]; then bold=$'\e[1m' plain=$'\e[0m'; else bold='' plain=''; fi

step() {
    step_number=$((step_number + 1))
    step_name=$1
    logs=()
    printf '\n%s%d. %s%s\n' "$bold" "$step_number" "$1" "$plain"
}

say() {
    printf '   '
    # shellcheck disable=SC2059 # the caller's format
    printf "$@"
    printf '\n'
}

indent() { sed 's/^/   /'; }

fail() {
    printf 'demo: %s\n' "$*" >&2
    failed_command=''
    exit 1
}

# Runs last, however the script ends: names the step that failed, shows its logs, and leaves nothing behind.
finish() {
    local code=$? log
    trap - ERR EXIT
    trap '' INT TERM
    set +e
    if [ $code -eq 130 ]; then
        printf '\nstopped in step %d; everything is cleaned up\n' "$step_number" >&2
    elif [ $code -ne 0 ]; then
        printf '\n%sFAILED in step %d: %s%s\n' "$bold" "$step_number" "$step_name" "$plain" >&2
        [ -z "$failed_command" ] || printf 'the command was: %s\n' "$failed_command" >&2
        for log in "${logs[@]}"; do
            [ -s "$log" ] && { printf '\n--- the end of %s\n' "${log#"$LAB_DIR/"}"; tail -n 25 "$log"; } >&2
        done
    fi
    [ -z "${LAB:-}" ] || lab_close
    exit $code
}

# --- the acts -----------------------------------------------------------------------------------------------------

require_machine() {
    [ "$(id -u)" -eq 0 ] || fail 'needs root, for network namespaces: sudo make demo'
    [ -c /dev/net/tun ] || fail 'needs /dev/net/tun: modprobe tun'
}

make_nodes() {
    local node number=0
    for node in $NODES; do
        lab_namespace "$node"
    done
    lab_cable a b 77
    for node in $NODES; do
        number=$((number + 1))
        say 'node %s   192.168.77.%d  fd00:77::%d    pods 10.77.%d.0/24  fd00:77:%d::/64' \
            "$node" $number $number $number $number
    done
    say 'no route leads out of them'
}

start_cnitun() {
    local node number=0 started=$EPOCHREALTIME
    for node in $NODES; do
        number=$((number + 1))
        node_files "$node" $number
        logs+=("$LAB_DIR/$node/tunnel.log" "$LAB_DIR/$node/agent.log")
    done
    # shellcheck disable=SC2086 # a list of words
    node_peers $NODES
    for node in $NODES; do
        node_start "$node"
    done
    for node in $NODES; do
        lab_wait 60 cnitun_is_up "$node" || fail "node $node did not become ready in 60 s"
        LINKS_BEFORE[$node]=$(links_of "$node")
        say 'node %s   key %s...  routes to the other node, CNI config written' \
            "$node" "$(jq -r --arg name "$node" '.nodes[] | select(.name == $name).publicKey[0:12]' "$LAB_DIR/$node/peers.json")"
    done
    say 'ready after %s ms' "$(milliseconds_since "$started")"
}

# A daemon that has ended will not become ready: no use in waiting for it.
cnitun_is_up() {
    lab_is_running "${TUNNEL_PID[$1]}" || fail "cnitun-tunnel on node $1 has ended"
    lab_is_running "${AGENT_PID[$1]}" || fail "cnitun-agent on node $1 has ended"
    node_is_ready "$1"
}

add_pods() {
    local pod node dir
    for pod in $PODS; do
        node=${pod:0:1} dir=$LAB_DIR/$node/pods
        lab_namespace "$pod"
        plugin ADD "$pod"
        # shellcheck disable=SC2034
        ADD_MS[$pod]=$RUNTIME_MS
        # Otherwise the proof at the end would prove nothing.
        [ -n "$(leases_of "$pod")" ] || fail "pod $pod has no lease below $(node_leases "$node")"
        IP4[$pod]=$(runtime_address "$dir/$pod.json" 4)
        IP6[$pod]=$(runtime_address "$dir/$pod.json" 6)
        say 'pod %s on node %s   eth0 %-12s %-16s %6s ms' "$pod" "$node" "${IP4[$pod]}" "${IP6[$pod]}" "$RUNTIME_MS"
    done
}

# Executes the plugin for a pod on the pod's node; its answer to a failure is an error object, worth reading.
plugin() {
    local command=$1 pod=$2 node=${2:0:1}
    local dir=$LAB_DIR/$node/pods
    logs=("$dir/$pod.answer" "$dir/$pod.log" "$LAB_DIR/$node/agent.log")
    runtime_call "$command" "$node" "$pod" "$BIN/cnitun" "$(node_conflist "$node")" "$dir" ||
        fail "$command of pod $pod failed"
}

ping_everybody() {
    local from to address pings=0
    logs=("$LAB_DIR/ping" "$LAB_DIR/a/agent.log" "$LAB_DIR/b/agent.log" "$LAB_DIR/a/tunnel.log" "$LAB_DIR/b/tunnel.log")
    for from in $PODS; do
        for to in $PODS; do
            for address in "${IP4[$to]}" "${IP6[$to]}"; do
                inside "$from" ping -c 1 -W 30 "$address" >"$LAB_DIR/ping" 2>&1 ||
                    fail "pod $from gets no answer from pod $to at $address"
                pings=$((pings + 1))
            done
        done
    done
    say '%d of %d first pings answered: every pod to every pod, IPv4 and IPv6' $pings $pings
}

# The average round trip in milliseconds.
ping_time() {
    inside "$1" ping -q -c 10 -i 0.02 -W 30 "$2" | awk -F / '/^rtt/ { print $5 }'
}

# Gbit/s of one TCP stream as the receiver counts it. The server takes one client and ends.
stream() {
    local from=$1 to=$2 address=$3 report=$LAB_DIR/iperf3
    logs=("$report.server" "$report")
    lab_daemon "$report.server" "$to" iperf3 -s -1 -B "$address"
    lab_wait 60 server_listens "$to" || fail "iperf3 in pod $to does not listen"
    inside "$from" timeout $((STREAM_SECONDS + 60)) iperf3 -c "$address" -t $STREAM_SECONDS -J >"$report"
    jq -r '.end.sum_received.bits_per_second / 1e9 * 100 | round / 100' "$report"
}

server_listens() {
    inside "$1" ss -Hltn 'sport = :5201' | grep -q .
}

measure() {
    local title=$1 from=$2 to=$3 ping4 ping6 tcp4 tcp6
    ping4=$(ping_time "$from" "${IP4[$to]}")
    ping6=$(ping_time "$from" "${IP6[$to]}")
    tcp4=$(stream "$from" "$to" "${IP4[$to]}")
    tcp6=$(stream "$from" "$to" "${IP6[$to]}")
    say '%-24s %8s %8s %12s %8s' "$title ($from to $to)" "$ping4" "$ping6" "$tcp4" "$tcp6"
    NUMBERS+=("$(printf '%-12s ping %s ms, TCP %s Gbit/s (IPv6: %s ms, %s Gbit/s)' "$title" "$ping4" "$tcp4" "$ping6" "$tcp6")")
}

measure_traffic() {
    local before
    say '%-24s %17s %21s' '' 'ping, ms' 'TCP, Gbit/s'
    say '%-24s %8s %8s %12s %8s' '' IPv4 IPv6 IPv4 IPv6
    measure 'same node' a1 a2
    before=$(tunnel_bytes a)
    measure 'across nodes' a1 b1
    [ $(($(tunnel_bytes a) - before)) -gt 1000000 ] || fail 'the traffic across nodes did not go through the tunnel'
    say '%d MB of it went into the tunnel of node a' $((($(tunnel_bytes a) - before) / 1000000))
}

tunnel_bytes() {
    ip -n "$LAB-$1" -j -s link show dev cnitun-tun0 | jq '.[0].stats64.tx.bytes'
}

check_pods() {
    local pod
    for pod in $PODS; do
        plugin CHECK "$pod"
        say 'pod %s   as ADD left it %30s ms' "$pod" "$RUNTIME_MS"
    done
}

show_status() {
    logs=("$LAB_DIR/status")
    inside a "$BIN/cnitunctl" status --socket "$(node_socket a)" --data-dir "$(node_leases a)" >"$LAB_DIR/status" 2>&1
    indent <"$LAB_DIR/status"
    inside a "$BIN/cnitunctl" status --json --socket "$(node_socket a)" --data-dir "$(node_leases a)" | jq -e . >"$LAB_DIR/status"
}

delete_pods() {
    local pod
    for pod in $PODS; do
        plugin DEL "$pod"
        # shellcheck disable=SC2034
        DEL_MS[$pod]=$RUNTIME_MS
        plugin DEL "$pod"
        say 'pod %s   gone   %6s ms, and again, as runtimes do: %6s ms' "$pod" "${DEL_MS[$pod]}" "$RUNTIME_MS"
    done
}

prove_pods_are_gone() {
    local pod node left
    for pod in $PODS; do
        left=$(links_of "$pod")
        [ "$left" = lo ] || fail "pod $pod still has: $left"
        left=$(leases_of "$pod")
        [ -z "$left" ] || fail "pod $pod still has a lease: $left"
    done
    say 'pods      no interface but lo'
    say 'leases    none'
    for node in $NODES; do
        # The bridge stays for the next pod; the first ADD made it.
        left=$(comm -13 <(echo "${LINKS_BEFORE[$node]}") <(links_of "$node") | grep -vx cnitun-br0 || true)
        [ -z "$left" ] || fail "node $node still has: $left"
        left=$(ip -n "$LAB-$node" -o link show master cnitun-br0)
        [ -z "$left" ] || fail "the bridge of node $node still has a port: $left"
        say 'node %s    %s' "$node" "$(links_of "$node" | paste -sd ' ')"
    done
}

# Files that name the pod's container, by their own name or inside.
leases_of() {
    local dir
    dir=$(node_leases "${1:0:1}")
    find "$dir" -name "*$LAB-$1*"
    grep -rl "$LAB-$1" "$dir" || true
}

links_of() {
    ip -n "$LAB-$1" -j link show | jq -r '.[].ifname' | sort
}

stop_cnitun() {
    local node
    for node in $NODES; do
        logs=("$LAB_DIR/$node/agent.log" "$LAB_DIR/$node/tunnel.log")
        lab_stop "${AGENT_PID[$node]}" || fail "cnitun-agent on node $node ended with exit code $?"
        lab_stop "${TUNNEL_PID[$node]}" || fail "cnitun-tunnel on node $node ended with exit code $?"
        if links_of "$node" | grep -qx cnitun-tun0; then fail "node $node still has its tunnel interface"; fi
    done
    say 'agents and tunnels ended with exit code 0 on SIGTERM, the tunnel interfaces with them'
}

prove_nothing_is_left() {
    local pids=("${LAB_DAEMONS[@]}") pid
    lab_close
    for pid in "${pids[@]}"; do
        if lab_is_running "$pid"; then fail "process $pid still runs"; fi
    done
    if ip netns list | grep -q "^$LAB-"; then fail "namespaces are left: $(ip netns list | grep "^$LAB-")"; fi
    [ ! -e "$LAB_DIR" ] || fail "$LAB_DIR is left"
    say 'processes, namespaces and files: none'
}

# --- the end ------------------------------------------------------------------------------------------------------

milliseconds_since() {
    awk -v from="$1" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.0f", (to - from) * 1000 }'
}

list_of() {
    local -n times=$1
    local pod
    for pod in $PODS; do
        printf '%s %s  ' "$pod" "${times[$pod]}"
    done
}

summary() {
    local line
    printf '\n%sWhat you saw%s\n' "$bold" "$plain"
    say 'Pods on two nodes reached each other on IPv4 and IPv6, through a tunnel in user space,'
    say 'set up by one static binary that a container runtime calls for each pod.'
    printf '\n'
    say '%-12s %sms' ADD "$(list_of ADD_MS)"
    say '%-12s %sms' DEL "$(list_of DEL_MS)"
    for line in "${NUMBERS[@]}"; do
        say '%s' "$line"
    done
    printf '\n'
    say 'Both nodes, all pods and iperf3 shared %d processors. The demo took %.0f s and left nothing behind.' \
        "$(nproc)" "$(milliseconds_since "$STARTED")e-3"
}

main() {
    if [ -n "${CNITUN_BIN:-}" ]; then
        BIN=$(realpath "$CNITUN_BIN")
    else
        hack/build.sh
        BIN=$PWD/dist/linux-x64
    fi
    STARTED=$EPOCHREALTIME
    trap finish EXIT
    trap 'failed_command=$BASH_COMMAND' ERR
    trap 'exit 130' INT TERM
    lab_open cnitun-demo

    step 'Two nodes: network namespaces, joined by a cable'
    make_nodes
    step 'A tunnel and an agent on each'
    start_cnitun
    step 'Four pods: the plugin is executed as a runtime would (ADD)'
    add_pods
    step 'The pods reach each other'
    ping_everybody
    measure_traffic
    step 'The plugin looks after them (CHECK)'
    check_pods
    step 'What an operator sees on node a: cnitunctl status'
    show_status
    step 'The pods go (DEL)'
    delete_pods
    step 'What the pods left behind'
    prove_pods_are_gone
    step 'What CniTun left behind'
    stop_cnitun
    prove_nothing_is_left
    summary
}

require_machine
programs_only demo
main
