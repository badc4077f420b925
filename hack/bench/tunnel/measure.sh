# Sourced after contenders.sh. One run of one contender; what comes out is appended to MEASURED as lines of
#
#   CONDITION METRIC CONTENDER ROUND VALUE
#
#   measure CONDITION METRIC CONTENDER ROUND
#
#   tcp1 tcp4 tcp6    Gbit/s as the receiver counts them, of 1 stream, of 4, of 1 over IPv6. With each come
#                     METRIC-cpu (processor seconds of the whole machine per GB) and METRIC-own (those of the tunnel's processes)
#   both              Gbit/s of a stream there and a stream back at once, together
#   pps               64-byte UDP packets a second that the receiver got, the sender sending as fast as it can
#   rr                microseconds of a request and its response, rr and rr99: their median and 99th percentile
#   rss               MB of memory of the larger of the tunnel's two processes at this moment; rss-peak the most ever
#   idle              per cent of one processor that the busier of the two uses while nothing is sent
#
# Streams use cubic, because the pacing of BBR blurs every comparison.
# A run that fails is said on standard error and leaves no line.
# shellcheck shell=bash disable=SC2153,SC2016

TICKS=$(getconf CLK_TCK)
readonly TICKS

measure() {
    case $2 in
        tcp1) measure_stream "$@" 4 -P 1 ;;
        tcp4) measure_stream "$@" 4 -P 4 ;;
        tcp6) measure_stream "$@" 6 -P 1 ;;
        both) measure_stream "$@" 4 --bidir ;;
        pps) measure_packets "$@" ;;
        rr) measure_round_trips "$@" ;;
        rss) measure_memory "$@" ;;
        idle) measure_idle "$@" ;;
    esac || echo "bench: $1 $2 $3, round $4: failed" >&2
}

result() { printf '%s %s %s %s %.4f\n' "$1" "$2" "$3" "$4" "$5" >>"$MEASURED"; }

server_listens() { inside pod-b ss -Hltn "sport = :$1" | grep -q .; }

# iperf FAMILY CONTENDER OPTIONS...: leaves the client's report in $LAB_DIR/run.json.
iperf() {
    local number=${NUMBER[$2]} code=0
    lab_daemon "$LAB_DIR/server.log" pod-b iperf3 -s -1
    lab_wait 5 server_listens 5201 || code=1
    [ $code -ne 0 ] || inside pod-a timeout -k 2 $((RUN_SECONDS + 8)) iperf3 -c "$(pod_address "$number" b "$1")" \
        -B "$(pod_address "$number" a "$1")" -t "$RUN_SECONDS" -J "${@:3}" >"$LAB_DIR/run.json" || code=$?
    # Its one client is gone; if it has not noticed, it is told.
    lab_wait 1 server_is_gone "$LAB_PID" || true
    lab_stop "$LAB_PID" || true
    return $code
}

server_is_gone() { ! lab_is_running "$1"; }

# measure_stream CONDITION METRIC CONTENDER ROUND FAMILY OPTIONS...
measure_stream() {
    local machine own gigabits gigabytes
    machine=$(machine_ticks) own=$(tunnel_ticks "$3")
    iperf "$5" "$3" -C cubic "${@:6}" || return 1
    machine=$(($(machine_ticks) - machine)) own=$(($(tunnel_ticks "$3") - own))
    read -r gigabits gigabytes < <(jq -r '[.end.sum_received, .end.sum_received_bidir_reverse // empty] |
        "\((map(.bits_per_second) | add) / 1e9) \((map(.bytes) | add) / 1e9)"' "$LAB_DIR/run.json")
    result "$1" "$2" "$3" "$4" "$gigabits"
    result "$1" "$2-cpu" "$3" "$4" "$(quotient $machine "$TICKS" "$gigabytes")"
    [ -z "${TUNNEL_PIDS[$3]:-}" ] || result "$1" "$2-own" "$3" "$4" "$(quotient $own "$TICKS" "$gigabytes")"
}

# quotient A B C: A / B / C
quotient() { awk -v a="$1" -v b="$2" -v c="$3" 'BEGIN { printf "%.6f", (c > 0 ? a / b / c : 0) }'; }

# What iperf3 sent is what its client counts; what was received is what the pod's kernel handed to the server.
measure_packets() {
    local before
    before=$(datagrams_received)
    iperf 4 "$3" -u -b 0 -l 64 || return 1
    result "$1" "$2" "$3" "$4" "$(quotient $(($(datagrams_received) - before)) 1 "$(jq '.end.sum.seconds' "$LAB_DIR/run.json")")"
}

# /proc/net/snmp: a line of names, then a line of numbers.
datagrams_received() { inside pod-b awk '/^Udp:/ { if (n++) print $2 }' /proc/net/snmp; }

measure_round_trips() {
    local code=0 answer median=0 late=0
    lab_daemon "$LAB_DIR/server.log" pod-b "$LAB_DIR/pingpong" serve 5202
    lab_wait 5 server_listens 5202 || code=1
    answer=$(inside pod-a timeout -k 2 $((RUN_SECONDS + 15)) "$LAB_DIR/pingpong" ping "$(pod_address "${NUMBER[$3]}" b)" 5202 "$RUN_SECONDS") || code=1
    lab_stop "$LAB_PID" || true
    [ $code -eq 0 ] || return 1
    read -r _ median late <<<"$answer"
    result "$1" rr "$3" "$4" "$median"
    result "$1" rr99 "$3" "$4" "$late"
}

# Everything but idle, waiting for disks, and stolen: user, nice, system, interrupts. Guests are in user already.
machine_ticks() { awk '/^cpu / { print $2 + $3 + $4 + $7 + $8 }' /proc/stat; }

# tunnel_files CONTENDER FILE: the files under /proc of its processes, blank-separated; nothing if it has none.
tunnel_files() {
    local pid
    for pid in ${TUNNEL_PIDS[$1]:-}; do echo "/proc/$pid/$2"; done
}

# User and system: the 14th and 15th field, behind a name that may hold blanks.
tunnel_ticks() {
    # shellcheck disable=SC2046
    awk '{ sub(/.*\) /, ""); sum += $12 + $13 } END { print sum + 0 }' /dev/null $(tunnel_files "$1" stat)
}

measure_memory() {
    [ -n "${TUNNEL_PIDS[$3]:-}" ] || return 0
    result "$1" rss "$3" "$4" "$(most_megabytes "$3" VmRSS)"
    result "$1" rss-peak "$3" "$4" "$(most_megabytes "$3" VmHWM)"
}

most_megabytes() {
    # shellcheck disable=SC2046
    awk -v field="$2:" '$1 == field && $2 > most { most = $2 } END { print most / 1024 }' $(tunnel_files "$1" status)
}

# All contenders at once, since the time is the same for all: measure CONDITION idle all ROUND.
measure_idle() {
    local name pid ran most
    local -A before=()
    sleep 1
    # shellcheck disable=SC2048
    for pid in ${TUNNEL_PIDS[*]}; do
        before[$pid]=$(nanoseconds_run "$pid")
    done
    sleep "$IDLE_SECONDS"
    for name in "${!TUNNEL_PIDS[@]}"; do
        most=0
        for pid in ${TUNNEL_PIDS[$name]}; do
            ran=$(($(nanoseconds_run "$pid") - before[$pid]))
            [ $ran -le $most ] || most=$ran
        done
        result "$1" idle "$name" "$4" "$(quotient $most 1e7 "$IDLE_SECONDS")"
    done
}

# On a processor, summed over the threads.
nanoseconds_run() { cat "/proc/$1"/task/*/schedstat | awk '{ sum += $1 } END { printf "%d", sum }'; }
