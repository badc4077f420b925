# Sourced after lab.sh. CniTun on the nodes of a lab: each node has its files in LAB_DIR/NODE, as a host has them under
# /etc, /run and /var/lib. Nodes are numbered: node N owns the pod networks 10.77.N.0/24 and fd00:77:N::/64.
#
#   node_files NODE N          directories and agent.json
#   node_peers NODE...         the one peers file that all nodes share, keys and all; nodes in the order of their numbers
#   node_start NODE            cnitun-tunnel and cnitun-agent; sets TUNNEL_PID[NODE] and AGENT_PID[NODE]
#   node_is_ready NODE         the CNI config is written, which the agent does last
#
# BIN is the directory of the binaries.
# shellcheck shell=bash disable=SC2034

declare -A TUNNEL_PID AGENT_PID
# As the systemd units in manifests/host have it: this capability and no other.
readonly LEAST_PRIVILEGE=(setpriv '--bounding-set=-all,+net_admin')

node_conflist() { echo "$LAB_DIR/$1/net.d/10-cnitun.conflist"; }
node_socket() { echo "$LAB_DIR/$1/tunnel.sock"; }
node_leases() { echo "$LAB_DIR/$1/leases"; }

node_files() {
    local node=$1 dir=$LAB_DIR/$1
    mkdir -p "$dir"/{net.d,leases,state,pods}
    jq -n --arg node "$node" --arg dir "$dir" --arg conflist "$(node_conflist "$node")" \
        --arg socket "$(node_socket "$node")" --arg leases "$(node_leases "$node")" '{
            nodeName: $node,
            peersFile: "\($dir)/peers.json",
            stateDir: "\($dir)/state",
            network: "cnitun",
            bridge: "cnitun-br0",
            tunnelInterface: "cnitun-tun0",
            tunnelSocket: $socket,
            listenPort: 6080,
            mtu: "auto",
            cniConfigFile: $conflist,
            ipamDataDir: $leases,
            resyncSeconds: 10
        }' >"$dir/agent.json"
}

node_peers() {
    local node number=0 nodes='[]'
    for node in "$@"; do
        number=$((number + 1))
        nodes=$(jq --arg name "$node" --arg key "$("$BIN/cnitun-agent" show-key --config "$LAB_DIR/$node/agent.json")" \
            --arg number "$number" '. + [{
                name: $name,
                publicKey: $key,
                endpoints: ["192.168.77.\($number):6080", "[fd00:77::\($number)]:6080"],
                podCIDRs: ["10.77.\($number).0/24", "fd00:77:\($number)::/64"]
            }]' <<<"$nodes")
    done
    for node in "$@"; do
        jq '{nodes: .}' <<<"$nodes" >"$LAB_DIR/$node/peers.json"
    done
}

node_start() {
    local dir=$LAB_DIR/$1
    lab_daemon "$dir/tunnel.log" "$1" "${LEAST_PRIVILEGE[@]}" "$BIN/cnitun-tunnel" \
        --interface cnitun-tun0 --socket "$(node_socket "$1")" --listen-port 6080
    TUNNEL_PID[$1]=$LAB_PID
    lab_daemon "$dir/agent.log" "$1" "${LEAST_PRIVILEGE[@]}" "$BIN/cnitun-agent" --config "$dir/agent.json"
    AGENT_PID[$1]=$LAB_PID
}

node_is_ready() {
    [ -s "$(node_conflist "$1")" ]
}
