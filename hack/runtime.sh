# Sourced after lab.sh. What a container runtime does with a plugin, and nothing else: it takes the first plugin of a
# conflist, adds what the specification says, and executes it in the node's namespace with environment and stdin.
# https://github.com/containernetworking/cni/blob/main/SPEC.md
#
#   runtime_call COMMAND NODE POD PLUGIN CONFLIST DIR
#
# COMMAND is ADD, CHECK or DEL. NODE and POD name namespaces of the lab. The answer to ADD is kept in DIR/POD.json and
# becomes prevResult of CHECK and DEL, as libcni's cache does. Sets RUNTIME_MS, the wall time in milliseconds.
# Returns the plugin's exit code; its answer, an error object included, is in DIR/POD.answer, its log in DIR/POD.log.
# shellcheck shell=bash

runtime_call() {
    local command=$1 node=$2 pod=$3 plugin=$4 conflist=$5 dir=$6 code=0
    runtime_config "$conflist" "$command" "$dir/$pod.json" >"$dir/$pod.config"

    # The clock runs inside the namespace, so that it counts the plugin and not the way in.
    # shellcheck disable=SC2016 # expanded by the inner shell
    inside "$node" env -i PATH="$PATH" \
        CNI_COMMAND="$command" CNI_CONTAINERID="$LAB-$pod" CNI_NETNS="/run/netns/$LAB-$pod" CNI_IFNAME=eth0 \
        CNI_PATH="$(dirname "$plugin")" \
        bash -c 'start=${EPOCHREALTIME/./}; "$1" <"$2" >"$3" 2>"$4"; code=$?; end=${EPOCHREALTIME/./}
                 echo $((end - start)) >"$5"; exit $code' \
        _ "$plugin" "$dir/$pod.config" "$dir/$pod.answer" "$dir/$pod.log" "$dir/$pod.microseconds" || code=$?

    # shellcheck disable=SC2034 # read by whoever sources this
    RUNTIME_MS=$(awk '{ printf "%.1f", $1 / 1000 }' "$dir/$pod.microseconds")
    if [ $code -eq 0 ]; then
        case $command in
            ADD) cp "$dir/$pod.answer" "$dir/$pod.json" ;;
            DEL) rm -f "$dir/$pod.json" ;;
        esac
    fi
    return $code
}

# conflist -> the configuration of its first plugin: name and cniVersion go in, prevResult too if there was an ADD.
runtime_config() {
    local conflist=$1 command=$2 previous=/dev/null
    [ "$command" = ADD ] || [ ! -s "$3" ] || previous=$3
    jq --slurpfile previous "$previous" '
        .plugins[0] + {name, cniVersion} + if $previous == [] then {} else {prevResult: $previous[0]} end' "$conflist"
}

# The pod's address of a family (4 or 6) from the answer to its ADD, without prefix length.
runtime_address() {
    jq -r --argjson v6 "$([ "$2" = 6 ] && echo true || echo false)" '
        [.ips[].address | select(contains(":") == $v6)][0] | split("/")[0]' "$1"
}
