using System.Globalization;

namespace CniTun.Endpoint.Tests;

/// <summary>hack/install-host.sh and its --remove, on a host that is a network namespace with file systems of its own.</summary>
public sealed class UninstallTests
{
    /// <summary>
    /// Other people's things that must stay, then a host's life with us, then the removal. What goes to /etc, /opt, /usr/local, /run and /var/lib
    /// goes to memory that ends with the shell.
    /// </summary>
    private const string Host = """
        set -euo pipefail
        scratch=$(mktemp -d); trap 'umount -R "$scratch"; rmdir "$scratch"' EXIT
        mount -t tmpfs none "$scratch"
        for dir in /etc /opt /usr/local /var/lib; do
            mkdir -p "$scratch/upper$dir" "$scratch/work$dir"
            mount -t overlay none -o "lowerdir=$dir,upperdir=$scratch/upper$dir,workdir=$scratch/work$dir" "$dir"
        done
        mount -t tmpfs none /run

        # Of the kernel's settings only what the docs say stays may differ, and not whether a bridge without ports has noticed yet that it has none.
        dump() {
            ip -o link show | sed -E 's/^[0-9]+: //; s/ state [A-Z]+//; s/NO-CARRIER,//; s/,LOWER_UP//'; ip -o address show | sed -E 's/^[0-9]+: //; s/valid_lft.*//'
            { ip -4 route show table all; ip -6 route show table all; } | sed 's/ linkdown//'
            nft list ruleset
            find /proc/sys/net/ipv4 /proc/sys/net/ipv6 -type f | sort | grep -vE 'forwarding|ip_forward|/flush$|stable_secret' | xargs grep -H . 2>/dev/null
            find /etc /opt /usr/local /var/lib /run -newer "$scratch/begun" -type f -exec sha256sum {} + | sort
        }
        call() {
            printf '%s' "$4" | CNI_COMMAND=$1 CNI_CONTAINERID=$2 CNI_NETNS=$3 CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin /opt/cni/bin/cnitun
        }

        touch "$scratch/begun"
        sysctl -qw net.ipv6.conf.default.accept_dad=0
        ip link set lo up
        ip link add theirs0 type bridge; ip link set theirs0 up
        ip link add cntinue type bridge; ip link set cntinue up
        ip link add cngtheirs type veth peer name cngpeer; ip link set cngtheirs master theirs0
        ip address add 192.0.2.1/24 dev cntinue; ip route add 198.51.100.0/24 via 192.0.2.2 proto static
        nft 'table inet theirs { chain in { type filter hook input priority 0; }; }'
        nft 'table inet cnitun2 { set s { type ipv4_addr; }; }'
        mkdir -p /etc/cni/net.d; echo theirs >/etc/cni/net.d/05-theirs.conflist
        unshare -n sleep 1000 & pod=$!
        trap 'kill "$pod"; umount -R "$scratch"; rmdir "$scratch"' EXIT
        until [ "$(readlink "/proc/$pod/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do :; done
        dump >"$scratch/before"

        hack/install-host.sh
        for bridge in cnitun-br0 cni0 theirs0; do
            config='{"cniVersion":"1.0.0","name":"'$bridge'","bridge":"'$bridge'","ipMasq":true,"macspoofchk":true,"ipam":{"type":"cnitun","subnet":"10.1.0.0/24"}}'
            call ADD "$bridge" "/proc/$pod/ns/net" "$config" >/dev/null
            if hack/install-host.sh --remove 2>"$scratch/refusal"; then echo "removed beside a pod on $bridge"; exit 1; fi
            grep -q 'pods are attached' "$scratch/refusal"
            call DEL "$bridge" "/proc/$pod/ns/net" "$config"
        done

        # What the agent leaves, and the host's end in a VLAN as the plugin makes it, which this kernel may be unable to do.
        ip tuntap add cnitun-tun0 mode tun; ip link set cnitun-tun0 up
        ip route add 10.77.2.0/24 dev cnitun-tun0 proto 199
        ip route add 10.78.2.0/24 dev cntinue proto 199
        for bridge in cni0 theirs0; do
            port=$([ $bridge = cni0 ] && echo PORT_CNI0 || echo PORT_THEIRS)
            ip link add "$port" address 0a:5a:00:00:00:01 master $bridge type veth peer name $bridge.100 address 0a:5a:00:00:00:02
            ip link set "$port" up alias "cnitun gateway $bridge.100"; ip link set $bridge.100 up
        done
        nft list tables | grep -q 'bridge cnitun'; nft list tables | grep -q 'inet cnitun$'

        ip link add theirport type veth peer name theirpeer; ip link set theirport master cni0
        if hack/install-host.sh --remove 2>"$scratch/refusal"; then echo 'removed a bridge with a port of others'; exit 1; fi
        grep -q 'theirport hangs on bridge cni0' "$scratch/refusal"
        ip link del theirport

        hack/install-host.sh --remove
        dump >"$scratch/after"
        diff -u "$scratch/before" "$scratch/after"
        """;

    [KernelFact]
    public void Removing_leaves_the_host_as_it_was_and_touches_nothing_of_others()
    {
        using var node = new TestNamespace("host");
        var script = Host
            .Replace("PORT_CNI0", EndpointNames.GatewayPort("cni0.100"), StringComparison.Ordinal)
            .Replace("PORT_THEIRS", EndpointNames.GatewayPort("theirs0.100"), StringComparison.Ordinal);

        var answer = Command.Try(
            "ip",
            ["netns", "exec", node.Name, "unshare", "--mount", "--propagation", "private", "env", "--chdir", PublishedBinary.RepositoryRoot(), "bash", "-c", script],
            new Dictionary<string, string?>(StringComparer.Ordinal),
            timeoutSeconds: 300);

        Assert.True(answer.ExitCode == 0, string.Create(CultureInfo.InvariantCulture, $"exit {answer.ExitCode}\n{answer.Output}\n{answer.Error}"));
    }
}
