using System.Buffers.Binary;
using CniTun.Addresses;
using CniTun.Linux.Netlink;
using CniTun.Linux.Nftables;

using static CniTun.Linux.Conntrack.ConntrackConstants;
using static CniTun.Linux.Netlink.NetlinkConstants;
using static CniTun.Linux.Netlink.RtNetlinkConstants;

namespace CniTun.Linux.Conntrack;

/// <summary>
/// What the kernel remembers of connections (conntrack) in one network namespace: that in which it was opened, for good.
/// </summary>
/// <remarks>
/// <para>The kernel looks through its whole table for each question, which takes milliseconds in a large one: <see cref="IsEmpty"/> first. A kernel
/// before 5.8 answers with every entry, so each is looked at again here. Asked for an IPv6 address, kernels (6.18 among them) answer with all
/// entries but those of the address (<c>ctnetlink_filter_match_tuple</c> takes ipv6_addr_cmp for its opposite): there only we look at it.</para>
/// <para>Owned by whoever opened it; for one thread at a time. A kernel without ctnetlink remembers nothing that we could delete: no error.</para>
/// </remarks>
public sealed class ConntrackNetlink : IDisposable
{
    private readonly NetlinkSocket? socket;

    private ConntrackNetlink(NetlinkSocket? socket) => this.socket = socket;

    /// <summary>Gets a value indicating whether the calling thread's network namespace remembers no connection at all.</summary>
    public static bool IsEmpty => Sysctl.TryRead("net/netfilter/nf_conntrack_count") is null or "0";

    /// <summary>Opens a conversation with the calling thread's network namespace.</summary>
    /// <exception cref="LinuxException">EMFILE.</exception>
    public static ConntrackNetlink Open()
    {
        try
        {
            return new ConntrackNetlink(NetlinkSocket.Open(NETLINK_NETFILTER, NameOf));
        }
        catch (LinuxException missing) when (missing.Errno == Errno.EPROTONOSUPPORT)
        {
            return new ConntrackNetlink(null);
        }
    }

    /// <summary>Forgets every connection from or to an address, be it the one that was asked for or the one that answers.</summary>
    /// <returns>How many there were.</returns>
    public int DeleteOf(IpAddress address) =>
        DeleteWhere(new Pattern(CTA_TUPLE_ORIG, Source: address))
        + DeleteWhere(new Pattern(CTA_TUPLE_ORIG, Destination: address))
        + DeleteWhere(new Pattern(CTA_TUPLE_REPLY, Source: address));

    /// <summary>Forgets every connection that asked for a port, whoever answers.</summary>
    /// <param name="isIPv6">Of which family.</param>
    /// <param name="address">The address that was asked for; null for any.</param>
    /// <param name="protocol">IPPROTO_*.</param>
    /// <param name="port">The port that was asked for.</param>
    /// <returns>How many there were.</returns>
    public int DeleteTo(bool isIPv6, IpAddress? address, byte protocol, ushort port) =>
        DeleteWhere(new Pattern(CTA_TUPLE_ORIG, Destination: address, Protocol: protocol, DestinationPort: port) { IsIPv6 = isIPv6 });

    public void Dispose() => socket?.Dispose();

    private static string NameOf(ushort type) => (type & 0xff) == IPCTNL_MSG_CT_DELETE ? nameof(IPCTNL_MSG_CT_DELETE) : nameof(IPCTNL_MSG_CT_GET);

    private static NetlinkWriter Begin(Span<byte> buffer, ushort operation, ushort flags, bool isIPv6)
    {
        var message = new NetlinkWriter(buffer, (ushort)((NFNL_SUBSYS_CTNETLINK << 8) | operation), (ushort)(NLM_F_REQUEST | flags));
        message.Append(new NetfilterHeader { Family = isIPv6 ? AF_INET6 : AF_INET });
        return message;
    }

    /// <summary>What names one entry: its tuple as it came, its zone, and the number that tells it from a later one of the same tuple.</summary>
    private sealed record Entry(byte[] Original, byte[]? Zone, byte[]? Id);

    private int DeleteWhere(Pattern pattern)
    {
        var deleted = 0;
        var buffer = new byte[NetlinkSocket.RequestBytes];
        foreach (var entry in List(pattern))
        {
            var request = Begin(buffer, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, pattern.IsIPv6);
            request.Attribute(CTA_TUPLE_ORIG | NLA_F_NESTED, entry.Original);
            if (entry.Zone is { } zone)
            {
                request.Attribute(CTA_ZONE, zone);
            }

            if (entry.Id is { } id)
            {
                request.Attribute(CTA_ID, id);
            }

            deleted += socket!.TryExecute(ref request, "a connection", Errno.ENOENT) ? 1 : 0;
        }

        return deleted;
    }

    private List<Entry> List(Pattern pattern)
    {
        if (socket is null)
        {
            return [];
        }

        var request = Begin(stackalloc byte[NetlinkSocket.RequestBytes], IPCTNL_MSG_CT_GET, NLM_F_DUMP, pattern.IsIPv6);
        pattern.Write(ref request);
        try
        {
            // EINVAL is what nfnetlink says where there is no ctnetlink.
            var candidates = socket.Dump<(Entry Entry, bool Matches)>(
                ref request,
                "connections",
                (message, list) => list.Add((Read(message, pattern, out var matches), matches)),
                Errno.EINVAL);
            return [.. candidates.Where(candidate => candidate.Matches).Select(candidate => candidate.Entry)];
        }
        catch (LinuxException busy) when (busy.Errno == Errno.EINTR)
        {
            // Connections come and go all the time; what matched in none of ten looks is not worth failing for.
            return [];
        }
    }

    private static Entry Read(NetlinkMessage message, Pattern pattern, out bool matches)
    {
        byte[] original = [];
        byte[]? zone = null;
        byte[]? id = null;
        matches = false;
        var attributes = message.After<NetfilterHeader>();
        while (attributes.MoveNext())
        {
            matches |= attributes.Type == pattern.Tuple && pattern.Matches(attributes.Nested);
            switch (attributes.Type)
            {
                case CTA_TUPLE_ORIG:
                    original = attributes.Value.ToArray();
                    break;
                case CTA_ZONE:
                    zone = attributes.Value.ToArray();
                    break;
                case CTA_ID:
                    id = attributes.Value.ToArray();
                    break;
            }
        }

        return new Entry(original, zone, id);
    }

    /// <summary>What one direction of a connection must have: null for anything.</summary>
    private sealed record Pattern(
        ushort Tuple,
        IpAddress? Source = null,
        IpAddress? Destination = null,
        byte? Protocol = null,
        ushort? DestinationPort = null)
    {
        public bool IsIPv6 { get; init; } = (Source ?? Destination)?.IsIPv6 == true;

        /// <summary>Appends the tuple and which parts of it count, for a kernel that looks itself.</summary>
        public void Write(ref NetlinkWriter request)
        {
            var tuple = request.Begin((ushort)(Tuple | NLA_F_NESTED));
            if (!IsIPv6 && (Source ?? Destination) is not null)
            {
                var addresses = request.Begin(CTA_TUPLE_IP | NLA_F_NESTED);
                Append(ref request, CTA_IP_V4_SRC, Source);
                Append(ref request, CTA_IP_V4_DST, Destination);
                request.End(addresses);
            }

            if (Protocol is { } protocol)
            {
                var ports = request.Begin(CTA_TUPLE_PROTO | NLA_F_NESTED);
                request.Attribute(CTA_PROTO_NUM, protocol);
                request.Attribute(CTA_PROTO_DST_PORT, BinaryPrimitives.ReverseEndianness(DestinationPort ?? 0));
                request.End(ports);
            }

            request.End(tuple);
            var filter = request.Begin(CTA_FILTER | NLA_F_NESTED);
            request.Attribute(CTA_FILTER_ORIG_FLAGS, Tuple == CTA_TUPLE_ORIG ? Flags() : 0);
            request.Attribute(CTA_FILTER_REPLY_FLAGS, Tuple == CTA_TUPLE_REPLY ? Flags() : 0);
            request.End(filter);
        }

        public bool Matches(NetlinkAttributes tuple)
        {
            IpAddress? source = null;
            IpAddress? destination = null;
            byte protocol = 0;
            ushort port = 0;
            while (tuple.MoveNext())
            {
                var parts = tuple.Nested;
                var isAddress = tuple.Type == CTA_TUPLE_IP;
                while (parts.MoveNext())
                {
                    switch (parts.Type)
                    {
                        case CTA_IP_V4_SRC or CTA_IP_V6_SRC when isAddress:
                            source = parts.IpAddress;
                            break;
                        case CTA_IP_V4_DST or CTA_IP_V6_DST when isAddress:
                            destination = parts.IpAddress;
                            break;
                        case CTA_PROTO_NUM when !isAddress:
                            protocol = parts.Byte;
                            break;
                        case CTA_PROTO_DST_PORT when !isAddress && parts.Value.Length >= sizeof(ushort):
                            port = BinaryPrimitives.ReadUInt16BigEndian(parts.Value);
                            break;
                    }
                }
            }

            return (Source is null || Source == source)
                && (Destination is null || Destination == destination)
                && (Protocol is null || Protocol == protocol)
                && (DestinationPort is null || DestinationPort == port);
        }

        private static void Append(ref NetlinkWriter request, ushort type, IpAddress? address)
        {
            if (address is { } known)
            {
                request.Attribute(type, known);
            }
        }

        private uint Flags() =>
            (IsIPv6 || Source is null ? 0 : FilterSourceAddress)
            | (IsIPv6 || Destination is null ? 0 : FilterDestinationAddress)
            | (Protocol is null ? 0 : FilterProtocol)
            | (DestinationPort is null ? 0 : FilterDestinationPort);
    }
}
