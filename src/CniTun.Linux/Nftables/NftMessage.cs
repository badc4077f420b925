using System.Globalization;
using CniTun.Linux.Netlink;

using static CniTun.Linux.Nftables.NftablesConstants;

namespace CniTun.Linux.Nftables;

/// <summary>The frame of every message of nf_tables: its type, and the family of the table that it is about.</summary>
internal static class NftMessage
{
    /// <summary>Begins a message about a table.</summary>
    public static NetlinkWriter Begin(Span<byte> buffer, NftTable table, ushort operation, ushort flags)
    {
        var message = new NetlinkWriter(buffer, TypeOf(operation), flags);
        message.Append(new NetfilterHeader { Family = (byte)table.Family });
        return message;
    }

    /// <summary>Gets the message type of an operation: the subsystem stands in the upper byte.</summary>
    public static ushort TypeOf(ushort operation) => (ushort)((NFNL_SUBSYS_NFTABLES << 8) | operation);

    /// <summary>Names a message type in error texts.</summary>
    public static string NameOf(ushort type) => type == NFNL_MSG_BATCH_BEGIN
        ? nameof(NFNL_MSG_BATCH_BEGIN)
        : (type & 0xff) switch
        {
            NFT_MSG_NEWTABLE => nameof(NFT_MSG_NEWTABLE),
            NFT_MSG_NEWCHAIN => nameof(NFT_MSG_NEWCHAIN),
            NFT_MSG_NEWRULE => nameof(NFT_MSG_NEWRULE),
            NFT_MSG_GETRULE => nameof(NFT_MSG_GETRULE),
            NFT_MSG_DELRULE => nameof(NFT_MSG_DELRULE),
            NFT_MSG_NEWSET => nameof(NFT_MSG_NEWSET),
            NFT_MSG_NEWSETELEM => nameof(NFT_MSG_NEWSETELEM),
            NFT_MSG_GETSETELEM => nameof(NFT_MSG_GETSETELEM),
            NFT_MSG_DELSETELEM => nameof(NFT_MSG_DELSETELEM),
            _ => string.Create(CultureInfo.InvariantCulture, $"nf_tables {type}"),
        };
}
