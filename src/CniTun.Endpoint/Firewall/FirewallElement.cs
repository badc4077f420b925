using CniTun.Linux.Nftables;

namespace CniTun.Endpoint.Firewall;

/// <summary>An element and the set of our table that it is in, or shall be.</summary>
internal sealed class FirewallElement(string set, NftElement element)
{
    public string Set { get; } = set;

    public NftElement Element { get; } = element;

    /// <summary>Gets whom it belongs to (<see cref="FirewallOwner"/>); null if it has no comment and so is not ours.</summary>
    public string? Owner => Element.Comment;

    /// <summary>Gets what it is about: of a key of several parts the first. Two of one set that are about the same are in each other's way.</summary>
    public string Subject => $"{Set} {Element.ToString().Split(" . ", 2)[0]}";

    public bool IsSameAs(FirewallElement other) =>
        string.Equals(Set, other.Set, StringComparison.Ordinal)
        && Element.HasKeyOf(other.Element)
        && string.Equals(Owner, other.Owner, StringComparison.Ordinal);

    public override string ToString() => $"{Element.ToString()} \"{Owner}\" in set {Set}";
}
