using CniTun.Linux;
using CniTun.Linux.Nftables;

namespace CniTun.Endpoint.Firewall;

/// <summary>What the node's packet filter does for the containers of one network.</summary>
/// <remarks>Owned by one command, for one thread; belongs to the namespace in which it was opened.</remarks>
internal sealed class NodeFirewall : IDisposable
{
    /// <param name="network">The network's name: attachments of others are left alone.</param>
    /// <param name="netlink">Owned from here on; null in a kernel without netfilter.</param>
    internal NodeFirewall(string network, NftablesNetlink? netlink)
    {
        Netlink = netlink;
        Masquerade = new Masquerade(new OwnedElements(new MasqueradeTable(), network, netlink));
        SpoofCheck = new SpoofCheck(new OwnedElements(new SpoofTable(), network, netlink));
    }

    public Masquerade Masquerade { get; }

    public SpoofCheck SpoofCheck { get; }

    /// <summary>Gets the conversation with the kernel, for whoever can close it in our place; null in a kernel without netfilter.</summary>
    public NftablesNetlink? Netlink { get; }

    /// <summary>Opens the calling thread's network namespace.</summary>
    /// <exception cref="LinuxException">EMFILE. A kernel without netfilter is not refused before something is added.</exception>
    public static NodeFirewall Open(string network)
    {
        try
        {
            return new NodeFirewall(network, NftablesNetlink.Open());
        }
        catch (LinuxException missing) when (missing.Errno == Errno.EPROTONOSUPPORT)
        {
            return new NodeFirewall(network, null);
        }
    }

    public void Dispose() => Netlink?.Dispose();
}
