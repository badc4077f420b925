# Sourced. A laboratory of network namespaces for one script: what it makes carries one prefix, has no way out, and is
# gone when the script ends, however it ends.
#
#   lab_open NAME          a prefix of our own (LAB) and a temporary directory (LAB_DIR)
#   lab_namespace NAME     a namespace called $LAB-NAME, loopback up
#   lab_cable A B N        a cable between two: "underlay" in both, 192.168.N.1/30 and .2, fd00:N::1/64 and ::2
#   lab_daemon LOG NS ...  a program in the background, its pid in LAB_PID
#   lab_stop PID           SIGTERM, then SIGKILL after a minute; returns the program's exit code
#   lab_close              removes all of it; safe to call twice
# shellcheck shell=bash

lab_open() {
    LAB=$1-$$
    LAB_DIR=$(mktemp -d "/tmp/$1.XXXXXX")
    LAB_NAMESPACES=()
    LAB_DAEMONS=()
}

lab_namespace() {
    ip netns add "$LAB-$1"
    LAB_NAMESPACES+=("$LAB-$1")
    ip -n "$LAB-$1" link set lo up
}

# Runs a program inside a namespace, which it sees under /sys too.
inside() {
    ip netns exec "$LAB-$1" "${@:2}"
}

lab_cable() {
    local end
    ip link add underlay netns "$LAB-$1" type veth peer name underlay netns "$LAB-$2"
    for end in 1 2; do
        ip -n "$LAB-${!end}" address add "192.168.$3.$end/30" dev underlay
        # nodad: usable at once, since nobody else is on the cable.
        ip -n "$LAB-${!end}" address add "fd00:$3::$end/64" dev underlay nodad
        ip -n "$LAB-${!end}" link set underlay up
    done
}

# `ip netns exec` becomes the program, so $! is the program's own pid.
lab_daemon() {
    ip netns exec "$LAB-$2" "${@:3}" >"$1" 2>&1 </dev/null &
    LAB_PID=$!
    LAB_DAEMONS+=("$LAB_PID")
}

lab_stop() {
    local code=0 tries=600
    kill -TERM "$1" 2>/dev/null || true
    while [ $((tries--)) -gt 0 ] && lab_is_running "$1"; do
        sleep 0.1
    done
    kill -KILL "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || code=$?
    return $code
}

# Running, that is, neither gone nor ended and waiting to be collected.
lab_is_running() {
    local state
    state=$(awk '/^State:/ { print $2 }' "/proc/$1/status" 2>/dev/null) && [ -n "$state" ] && [ "$state" != Z ]
}

lab_close() {
    local pid name
    for pid in "${LAB_DAEMONS[@]}"; do
        lab_is_running "$pid" && { lab_stop "$pid" || true; }
    done
    for name in "${LAB_NAMESPACES[@]}"; do
        # Whatever still lives in a namespace that we made, we started.
        for pid in $(ip netns pids "$name" 2>/dev/null); do
            kill -KILL "$pid" 2>/dev/null || true
        done
        ip netns del "$name" 2>/dev/null || true
    done
    LAB_DAEMONS=() LAB_NAMESPACES=()
    rm -rf "$LAB_DIR"
}

# Waits until a command succeeds, at most SECONDS; returns 1 if it never did.
lab_wait() {
    local tries=$(($1 * 20))
    until "${@:2}"; do
        [ $((tries--)) -gt 0 ] || return 1
        sleep 0.05
    done
}
