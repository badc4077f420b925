using CniTun.Linux.Netlink;

using static CniTun.Linux.Netlink.NetlinkConstants;
using static CniTun.Linux.Nftables.NftablesConstants;

namespace CniTun.Linux.Nftables;

/// <summary>
/// The packet filter of one network namespace: that in which it was opened, for good. Speaks to the kernel, needs no <c>nft</c>.
/// </summary>
/// <remarks>
/// Owned by whoever opened it; for one thread at a time. A kernel without nf_tables refuses with EOPNOTSUPP; one without any netfilter netlink
/// with EPROTONOSUPPORT by <see cref="Open"/>.
/// </remarks>
public sealed class NftablesNetlink : IDisposable
{
    private readonly NetlinkSocket socket;

    private NftablesNetlink(NetlinkSocket socket) => this.socket = socket;

    internal int Descriptor => socket.Descriptor;

    /// <summary>Opens a conversation with the calling thread's network namespace.</summary>
    /// <exception cref="LinuxException">EPROTONOSUPPORT: no netfilter netlink in this kernel. EMFILE.</exception>
    public static NftablesNetlink Open() => new(NetlinkSocket.Open(NETLINK_NETFILTER, NftMessage.NameOf));

    /// <summary>Makes all changes at once; if one is refused, none.</summary>
    /// <exception cref="LinuxException">
    /// The first refusal: EEXIST: an element, or another object of that name, is there. ENOENT: the table, set or element
    /// is missing. EPERM: no CAP_NET_ADMIN.
    /// </exception>
    public void Commit(NftTransaction transaction)
    {
        if (!transaction.IsEmpty)
        {
            socket.ExecuteBatch(transaction.Finish(), transaction.SubjectOf);
        }
    }

    /// <summary>Finds the element of a set that holds this one's key; of a set of pairs, the one whose prefix holds it. It takes the same time in any set.</summary>
    /// <returns>The element with the comment that it has; null if there is none, or no such table or set.</returns>
    public NftElement? Find(NftTable table, string set, NftElement key)
    {
        var request = NftMessage.Begin(stackalloc byte[NetlinkSocket.RequestBytes], table, NFT_MSG_GETSETELEM, NLM_F_REQUEST | NLM_F_ACK);
        request.Attribute(NFTA_SET_ELEM_LIST_TABLE, table.Name);
        request.Attribute(NFTA_SET_ELEM_LIST_SET, set);
        key.WriteList(ref request, withComment: false);
        var found = new List<NftElement>(1);
        try
        {
            _ = socket.TryQuery(ref request, $"{key.ToString()} in set {set}", ReadElements, found, Errno.ENOENT);
        }
        catch (LinuxException unknown) when (unknown.Errno == Errno.EINVAL)
        {
            throw NoNftables(unknown);
        }

        return found.Count > 0 ? found[0] : null;
    }

    /// <summary>Lists the elements of a set; it takes long, and ever longer for each, in a set of many thousands.</summary>
    /// <returns>Empty, too, if there is no such table or set.</returns>
    public IReadOnlyList<NftElement> Elements(NftTable table, string set)
    {
        var request = NftMessage.Begin(stackalloc byte[NetlinkSocket.RequestBytes], table, NFT_MSG_GETSETELEM, NLM_F_REQUEST | NLM_F_DUMP);
        request.Attribute(NFTA_SET_ELEM_LIST_TABLE, table.Name);
        request.Attribute(NFTA_SET_ELEM_LIST_SET, set);
        return Dump<NftElement>(ref request, $"set {set} of {table}", ReadElements);
    }

    /// <summary>Lists the comments of a table's rules, those of each chain in order; a rule without one is empty.</summary>
    /// <returns>Empty, too, if there is no such table.</returns>
    public IReadOnlyList<NftRuleComment> RuleComments(NftTable table)
    {
        var request = NftMessage.Begin(stackalloc byte[NetlinkSocket.RequestBytes], table, NFT_MSG_GETRULE, NLM_F_REQUEST | NLM_F_DUMP);
        request.Attribute(NFTA_RULE_TABLE, table.Name);
        return Dump<NftRuleComment>(ref request, $"rules of {table}", ReadRuleComment);
    }

    public void Dispose() => socket.Dispose();

    internal static void ReadElements(NetlinkMessage message, List<NftElement> list)
    {
        // What a table of ours of this family holds begins with a name.
        var isNamed = message.Fixed<NetfilterHeader>().Family == NFPROTO_BRIDGE;
        var attributes = message.After<NetfilterHeader>();
        while (attributes.MoveNext())
        {
            if (attributes.Type != NFTA_SET_ELEM_LIST_ELEMENTS)
            {
                continue;
            }

            var entries = attributes.Nested;
            while (entries.MoveNext())
            {
                if (NftElement.Read(entries.Nested, isNamed) is { } element)
                {
                    list.Add(element);
                }
            }
        }
    }

    internal static void ReadRuleComment(NetlinkMessage message, List<NftRuleComment> list)
    {
        var (chain, comment) = (string.Empty, string.Empty);
        var attributes = message.After<NetfilterHeader>();
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case NFTA_RULE_CHAIN:
                    chain = attributes.String;
                    break;
                case NFTA_RULE_USERDATA:
                    comment = NftComment.Decode(attributes.Value) ?? comment;
                    break;
            }
        }

        list.Add(new NftRuleComment(chain, comment));
    }

    /// <summary>EINVAL is what nfnetlink says to a request for a subsystem that it does not know; a batch it refuses with EOPNOTSUPP itself.</summary>
    private static LinuxException NoNftables(LinuxException unknown) =>
        new(unknown.Call, unknown.Subject, Errno.EOPNOTSUPP, "no nf_tables in this kernel");

    private List<T> Dump<T>(ref NetlinkWriter request, string subject, NetlinkSocket.MessageHandler<List<T>> onMessage)
    {
        try
        {
            return socket.Dump(ref request, subject, onMessage, Errno.ENOENT);
        }
        catch (LinuxException unknown) when (unknown.Errno == Errno.EINVAL)
        {
            throw NoNftables(unknown);
        }
    }
}

/// <summary>The comment of a rule, and the chain that it is in.</summary>
public readonly record struct NftRuleComment(string Chain, string Comment);
