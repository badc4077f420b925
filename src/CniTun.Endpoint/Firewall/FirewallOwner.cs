using CniTun.Ipam;
using CniTun.Linux.Nftables;

namespace CniTun.Endpoint.Firewall;

/// <summary>
/// Whom an element of a set belongs to, as its comment says: "NETWORK CONTAINER/IFNAME", which later calls make again from what they are told.
/// </summary>
/// <remarks>
/// A comment has room for 127 bytes, and all three names may be of any length. A part that is too long, or that would look odd in
/// <c>nft list</c>, is replaced by a name that follows from it: "#" and the letters of a host veth. No part of ours begins so.
/// </remarks>
internal static class FirewallOwner
{
    private const int LongestNetwork = 40;

    /// <summary>Room for a container id of 64 digits, a slash and an interface name of 15 bytes; 40 + 1 + 86 are 127.</summary>
    private const int LongestAttachment = 86;

    public static string Of(string network, Attachment attachment) => PrefixOf(network) + Name(attachment);

    /// <summary>Gets what every comment of the network begins with, and no other's.</summary>
    public static string PrefixOf(string network) =>
        (IsPlain(network, LongestNetwork) ? network : Short(new Attachment(network, string.Empty))) + " ";

    /// <summary>Gets the comment of the rule that says that a table holds what the records in a directory say.</summary>
    public static string OfRecords(string dataDirectory) =>
        IsPlain(dataDirectory, NftComment.LongestBytes) ? dataDirectory : Short(new Attachment(dataDirectory, string.Empty));

    private static string Name(Attachment attachment)
    {
        var name = attachment.ToString();
        return IsPlain(name, LongestAttachment) ? name : Short(attachment);
    }

    private static string Short(Attachment attachment) => "#" + EndpointNames.HostVeth(attachment);

    private static bool IsPlain(string name, int longest)
    {
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '.' or '-' or '/'))
            {
                return false;
            }
        }

        return name.Length <= longest;
    }
}
