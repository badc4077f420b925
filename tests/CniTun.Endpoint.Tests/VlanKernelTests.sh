#!/usr/bin/env bash
# What VlanKernelTests.cs runs on a kernel that filters VLANs, by hack/vm.sh. Each function below "The tests" is one: it runs
# in namespaces of its own, and passes if each of its lines succeeds. Prints "ok NAME", or "not ok NAME" and what the test said.
#
#   VlanKernelTests.sh PLUGIN [NAME...]
#
# The node is the namespace "node", its bridge br0. A pod is a namespace, too, and named as its container.
set -uo pipefail

readonly PLUGIN=$1 REFERENCE=/usr/lib/cni
readonly DATA=/run/leases
shift

# call COMMAND POD KEYS [PREFIX...]: the plugin, or what is put in front of it, with KEYS in its configuration. What it
# says is in /run/POD.said; the answer to the last ADD, in /run/POD.answer, is the prevResult of CHECK.
call() {
    local previous=''
    if [ "$1" = CHECK ]; then
        previous=", \"prevResult\": $(cat "/run/$2.answer")"
    fi
    CNI_COMMAND=$1 CNI_CONTAINERID=$2 CNI_NETNS=/run/netns/$2 CNI_IFNAME=eth0 CNI_PATH=$REFERENCE \
        ip netns exec node "${@:4}" "${TYPE:-$PLUGIN}" >"/run/$2.said" 2>"/run/$2.log" <<EOF
{ "cniVersion": "${VERSION:-1.1.0}", "name": "pods", "type": "cnitun", "bridge": "br0", $3$previous }
EOF
}

# Keys of an address for the pod: all are of one subnet, so that only VLANs keep them apart.
ipam() {
    echo "\"ipam\": { \"type\": \"cnitun\", \"dataDir\": \"$DATA\", \"subnet\": \"10.77.1.0/24\" }"
}

# add POD KEYS: makes the pod and attaches it.
add() {
    [ -e "/run/netns/$1" ] || ip netns add "$1"
    if ! call ADD "$1" "$2"; then
        cat "/run/$1.said" "/run/$1.log"
        return 1
    fi
    cp "/run/$1.said" "/run/$1.answer"
}

# The pod's port and address, from the answer to its ADD. No jq: each program that begins costs a fifth of a second there.
port() { sed -nE 's/.*"(cnt[a-z2-7]{11}|veth[0-9a-f]+)".*/\1/p' "/run/$1.answer"; }
address() { sed -nE 's/.*"address":"([0-9.]+).*/\1/p' "/run/$1.answer"; }

# The bridge's port behind the gateway.
gateway_port() { ip -n node -o link | sed -nE 's/.* (cng[a-z2-7]{11})@.*/\1/p'; }

# The VLANs of a port, as in "1 untagged, 100 pvid untagged, 200-202".
vlans_of() {
    bridge -n node vlan show dev "$1" | awk '
        function put() {
            if (first) {
                printf "%s%d%s%s", separator, first, (last > first ? "-" last : ""), flags
                separator = ", "
            }
        }
        { sub(/^[^ \t]*[ \t]+/, "") }
        NR > 1 && $1 > 0 {
            now = (/PVID/ ? " pvid" : "") (/Untagged/ ? " untagged" : "")
            if (first && $1 == last + 1 && now == flags) { last = $1; next }
            put(); first = last = $1; flags = now
        }
        END { put() }'
}

same() {
    [ "$1" = "$2" ] || { echo "got '$1' instead of '$2'"; return 1; }
}

# carries POD VLANS
carries() { same "$(vlans_of "$(port "$1")")" "$2"; }

# Again and again: the failure to find a neighbour is remembered for a while.
reaches() {
    local tries=60
    until ip netns exec "$1" ping -c 1 -W 1 "$2" >/dev/null; do
        [ $((tries--)) -gt 0 ] || { echo "$1 does not reach $2"; return 1; }
    done
}
does_not_reach() { ! ip netns exec "$1" ping -c 1 -W 1 "$2" >/dev/null || { echo "$1 reaches $2"; return 1; }; }

# An administrator's bridge, and a host "other" of his on it, which is 10.77.1.200 and in the bridge's default VLAN.
bridge_with() { ip -n node link add br0 type bridge "$@"; }
other_host() {
    ip netns add other
    ip -n node link add other type veth peer name eth0 netns other
    ip -n node link set other master br0 up
    ip -n other address add 10.77.1.200/24 dev eth0
    ip -n other link set eth0 up
    ip -n node link set br0 up
}

# expect_difference POD KEYS TEXT: CHECK fails and says so.
expect_difference() {
    ! call CHECK "$1" "$2" || { echo "CHECK is content"; return 1; }
    grep -q "$3" "/run/$1.said" || { echo "CHECK does not say '$3':"; cat "/run/$1.said"; return 1; }
}

# The ports of pods.
pod_ports() { ip -n node -o link | sed -nE 's/.* (cnt[a-z2-7]{11})@.*/\1/p'; }

filtering() { ip -n node -d link show br0 | sed -n 's/.*vlan_filtering \([01]\).*/\1/p'; }

# The tests

access_port_stays_in_the_default_vlan() {
    add a '"vlan": 100' && carries a '1 untagged, 100 pvid untagged' && same "$(filtering)" 1
}

access_port_leaves_the_default_vlan_if_told() {
    add a '"vlan": 100, "preserveDefaultVlan": false' && carries a '100 pvid untagged'
}

vlan_1_is_not_added_and_removed_again() {
    add a '"vlan": 1, "preserveDefaultVlan": false' && carries a '1 pvid untagged'
}

vlan_1_beside_the_default_is_the_same() {
    add a '"vlan": 1' && carries a '1 pvid untagged'
}

trunk_stays_in_the_default_vlan() {
    add a '"vlanTrunk": [{ "id": 7 }, { "minID": 200, "maxID": 202 }]' && carries a '1 pvid untagged, 7, 200-202'
}

trunk_leaves_the_default_vlan_if_told() {
    add a '"vlanTrunk": [{ "id": 7 }, { "minID": 200, "maxID": 202 }], "preserveDefaultVlan": false' && carries a '7, 200-202'
}

trunk_that_names_1_carries_it_with_a_tag() {
    add a '"vlanTrunk": [{ "id": 1 }, { "id": 7 }]' && carries a '1, 7' &&
        add b '"vlanTrunk": [{ "id": 1 }, { "id": 7 }], "preserveDefaultVlan": false' && carries b '1, 7'
}

trunk_of_all_vlans_keeps_all() {
    add a '"vlanTrunk": [{ "minID": 1, "maxID": 4094 }], "preserveDefaultVlan": false' && carries a '1-4094' &&
        call CHECK a '"vlanTrunk": [{ "minID": 1, "maxID": 4094 }], "preserveDefaultVlan": false'
}

access_vlan_within_the_trunk_stays_untagged() {
    add a '"vlan": 200, "vlanTrunk": [{ "minID": 199, "maxID": 201 }], "preserveDefaultVlan": false' &&
        carries a '199, 200 pvid untagged, 201'
}

default_vlan_is_what_the_bridge_says() {
    bridge_with vlan_filtering 1 vlan_default_pvid 10
    add a '"vlan": 100' && carries a '10 untagged, 100 pvid untagged' && call CHECK a '"vlan": 100' &&
        add b '"vlan": 100, "preserveDefaultVlan": false' && carries b '100 pvid untagged' &&
        add c '"vlan": 10, "preserveDefaultVlan": false' && carries c '10 pvid untagged' &&
        add d '"vlanTrunk": [{ "id": 7 }], "preserveDefaultVlan": false' && carries d '7' &&
        add e '"vlanTrunk": [{ "minID": 9, "maxID": 10 }], "preserveDefaultVlan": false' && carries e '9-10'
}

bridge_without_a_default_vlan_adds_none() {
    bridge_with vlan_filtering 1 vlan_default_pvid 0
    add a '"vlan": 100' && carries a '100 pvid untagged' && call CHECK a '"vlan": 100' &&
        add b '"vlan": 1, "preserveDefaultVlan": false' && carries b '1 pvid untagged'
}

pods_reach_those_of_their_vlan_and_no_others() {
    local keys
    keys="\"preserveDefaultVlan\": false, $(ipam)"
    add a "\"vlan\": 100, $keys" && add b "\"vlan\": 100, $keys" && add c "\"vlan\": 200, $keys" || return 1
    reaches a "$(address b)" && does_not_reach a "$(address c)" && does_not_reach c "$(address b)" || return 1
    # Nothing else stood between them.
    bridge -n node vlan add dev "$(port c)" vid 100 pvid untagged && reaches a "$(address c)"
}

no_hole_into_another_default_vlan() {
    bridge_with vlan_filtering 1 vlan_default_pvid 10
    other_host
    add a "\"vlanTrunk\": [{ \"id\": 7 }], \"preserveDefaultVlan\": false, $(ipam)" || return 1
    does_not_reach a 10.77.1.200 && does_not_reach other "$(address a)" || return 1
    bridge -n node vlan add dev "$(port a)" vid 10 pvid untagged && reaches a 10.77.1.200
}

gateway_is_in_the_vlan() {
    local keys
    keys="\"preserveDefaultVlan\": false, \"isDefaultGateway\": true, $(ipam)"
    add a "\"vlan\": 100, $keys" && reaches a 10.77.1.1 && same "$(jq -r .interfaces[3].name /run/a.answer)" br0.100 &&
        same "$(vlans_of "$(gateway_port)")" '100 pvid untagged' && call CHECK a "\"vlan\": 100, $keys" &&
        add b "\"vlan\": 200, \"preserveDefaultVlan\": false, $(ipam)" && does_not_reach b 10.77.1.1
}

gateway_of_vlan_1_answers() {
    add a "\"vlan\": 1, \"preserveDefaultVlan\": false, \"isDefaultGateway\": true, $(ipam)" && reaches a 10.77.1.1
}

gateway_leaves_another_default_vlan() {
    bridge_with vlan_filtering 1 vlan_default_pvid 10
    other_host
    add a "\"vlan\": 100, \"preserveDefaultVlan\": false, \"isDefaultGateway\": true, $(ipam)" &&
        reaches a 10.77.1.1 && does_not_reach other 10.77.1.1 &&
        same "$(vlans_of "$(gateway_port)")" '100 pvid untagged'
}

gateway_whose_bridge_was_removed_is_made_anew() {
    local keys
    keys="\"vlan\": 100, \"isDefaultGateway\": true, $(ipam)"
    add a "$keys" && ip -n node link del br0 && add b "$keys" && reaches b 10.77.1.1
}

gateway_whose_maker_was_killed_is_finished() {
    add a '"vlan": 100, "isGateway": true' && ip -n node link del br0.100 || return 1
    ip -n node link add br0.100 type veth peer name half && ip -n node link set half master br0 || return 1
    add b "\"vlan\": 100, \"preserveDefaultVlan\": false, \"isDefaultGateway\": true, $(ipam)" &&
        same "$(vlans_of half)" '100 pvid untagged' && reaches b 10.77.1.1
}

check_sees_what_changed() {
    local keys='"vlan": 100, "vlanTrunk": [{ "id": 7 }], "isGateway": true' port
    add a "$keys" && call CHECK a "$keys" || return 1
    port=$(port a)
    bridge -n node vlan del dev "$port" vid 7 && expect_difference a "$keys" "$port does not carry VLAN 7 (tagged)" || return 1
    bridge -n node vlan add dev "$port" vid 7 && call CHECK a "$keys" || return 1
    bridge -n node vlan add dev "$port" vid 100 && expect_difference a "$keys" "$port does not carry VLAN 100 (untagged in and out)" || return 1
    bridge -n node vlan add dev "$port" vid 100 pvid untagged && call CHECK a "$keys" || return 1
    bridge -n node vlan add dev "$port" vid 200 && expect_difference a "$keys" "$port carries VLAN 200 (tagged), which the configuration does not name" || return 1
    bridge -n node vlan del dev "$port" vid 200 && call CHECK a "$keys" || return 1
    ip -n node link set br0 type bridge vlan_filtering 0 && expect_difference a "$keys" 'vlan_filtering is off' || return 1
    ip -n node link set br0 type bridge vlan_filtering 1 && call CHECK a "$keys" || return 1
    port=$(gateway_port)
    bridge -n node vlan del dev "$port" vid 100 && expect_difference a "$keys" "$port does not carry VLAN 100"
}

check_sees_the_default_vlan_come_back() {
    local keys='"vlan": 100, "preserveDefaultVlan": false'
    add a "$keys" && call CHECK a "$keys" || return 1
    bridge -n node vlan add dev "$(port a)" vid 1 untagged && expect_difference a "$keys" 'carries VLAN 1 (untagged out), which'
}

del_and_gc_leave_nothing() {
    local keys
    keys="\"vlan\": 100, \"isDefaultGateway\": true, $(ipam)"
    add a "$keys" && add b "$keys" && call DEL a "$keys" && same "$(pod_ports)" "$(port b)" || return 1
    call GC b "\"cni.dev/valid-attachments\": [], ${keys}" || { cat /run/b.said; return 1; }
    same "$(pod_ports)" '' && same "$(ls $DATA/pods/addresses)" ''
}

add_killed_at_any_request_succeeds_again() {
    local keys when code kills=0
    keys="\"vlan\": 100, \"preserveDefaultVlan\": false, \"isDefaultGateway\": true, $(ipam)"
    ip netns add a
    for ((when = 2; ; when += 4)); do
        code=0
        call ADD a "$keys" strace -f -e trace=sendto -o /dev/null -e inject=sendto:signal=KILL:when="$when" || code=$?
        if [ "$code" -eq 137 ]; then
            kills=$((kills + 1))
        elif [ "$code" -eq 0 ]; then
            break
        else
            cat /run/a.said
            return 1
        fi
        add a "$keys" && carries a '100 pvid untagged' && reaches a 10.77.1.1 && call DEL a "$keys" && same "$(pod_ports)" '' ||
            { echo "killed at request $when"; cat /run/a.said; return 1; }
        # The first requests of an ADD that finds no bridge and no gateway are of interest, too.
        ip -n node link del br0 && ip -n node link del br0.100
    done
    [ "$kills" -gt 5 ] || { echo "only $kills kills"; return 1; }
}

filtering_is_turned_on_where_only_pods_are() {
    add a '"mtu": 1400' && same "$(filtering)" 0 && add b '"vlan": 100' && same "$(filtering)" 1
}

filtering_is_left_to_whoever_has_other_ports_on_the_bridge() {
    bridge_with vlan_filtering 0
    other_host
    add a '"vlan": 100' && same "$(filtering)" 0 && carries a '1 untagged, 100 pvid untagged' || return 1
    grep -q 'ip link set br0 type bridge vlan_filtering 1' /run/a.log || { echo "ADD does not say so:"; cat /run/a.log; return 1; }
    call CHECK a '"vlan": 100' || { echo "CHECK says:"; cat /run/a.said; return 1; }
}

the_reference_leaves_the_same() {
    # That of Debian 12 does not speak 1.1.0.
    local keys ours VERSION=1.0.0
    keys='"vlan": 100, "isDefaultGateway": true, "ipam": { "type": "host-local", "dataDir": "/run/host-local", "subnet": "10.77.1.0/24" }'
    add a "$keys" && ours=$(vlans_of "$(port a)") || return 1
    ip -n node link del br0 && ip -n node link del br0.100
    TYPE=$REFERENCE/bridge add b "$keys" && same "$ours" "$(vlans_of "$(port b)")" && same "$(filtering)" 1 && reaches b 10.77.1.1
}

# Running them

names=("$@")
[ $# -gt 0 ] || mapfile -t names < <(sed -n '/^# The tests/,/^# Running/s/^\([a-z_0-9]*\)() {$/\1/p' "$0")
for name in "${names[@]}"; do
    ip netns add node
    ip -n node link set lo up
    if said=$("$name" 2>&1); then
        echo "ok $name"
    else
        echo "not ok $name"
        echo "${said//$'\n'/$'\n'    }" | sed 's/^/    /'
    fi
    for space in $(ip netns list | cut -d ' ' -f 1); do
        ip netns del "$space"
    done
    rm -rf "$DATA" /run/host-local /run/*.answer
done
