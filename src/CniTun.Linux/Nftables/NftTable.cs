namespace CniTun.Linux.Nftables;

/// <summary>Which packets a table sees (NFPROTO_* of linux/netfilter.h).</summary>
public enum NftFamily
{
    None = 0,

    /// <summary>IPv4 and IPv6 where the host routes, sends or receives them.</summary>
    Inet = NftablesConstants.NFPROTO_INET,

    /// <summary>Whatever frames a bridge carries.</summary>
    Bridge = NftablesConstants.NFPROTO_BRIDGE,
}

/// <summary>A table: each family has names of its own.</summary>
/// <param name="Family">What it sees.</param>
/// <param name="Name">At most 255 bytes.</param>
public readonly record struct NftTable(NftFamily Family, string Name)
{
    /// <summary>Writes it as <c>nft</c> names it: "table inet cnitun".</summary>
    public override string ToString() => Family == NftFamily.Bridge ? $"table bridge {Name}" : $"table inet {Name}";
}
