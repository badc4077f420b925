using CniTun.Addresses;

namespace CniTun.Ipam;

/// <summary>Addresses to lease from: a stretch of one subnet, its gateway excepted.</summary>
public sealed class AddressRange
{
    /// <summary>Of each range so many addresses, from its first, are handed out of our own choice; the others only to who asks for one by name.</summary>
    /// <remarks>It bounds the size of the free map (128 KiB) whatever the subnet, and no node has a million pods.</remarks>
    public const int MostAddresses = 1 << 20;

    private AddressRange(Cidr subnet, IpAddress first, IpAddress last, IpAddress gateway)
    {
        Subnet = subnet;
        First = first;
        Last = last;
        Gateway = gateway;
    }

    /// <summary>Gets the prefix whose length a leased address carries.</summary>
    public Cidr Subnet { get; }

    public IpAddress First { get; }

    /// <summary>Gets the last address, itself included.</summary>
    public IpAddress Last { get; }

    /// <summary>Gets the address of the bridge; never leased.</summary>
    public IpAddress Gateway { get; }

    /// <summary>Gets how many addresses we choose from.</summary>
    public int Count => (int)UInt128.Min(Last.Value - First.Value, MostAddresses - 1) + 1;

    /// <summary>Makes a range with host-local's defaults.</summary>
    /// <param name="subnet">No host bits; at most /30 or /126 long.</param>
    /// <param name="first">In IPv4 not the network's own address; null for the address behind the network's.</param>
    /// <param name="last">Null for the last one: in IPv4 that before the broadcast address.</param>
    /// <param name="gateway">In the subnet; null for the address behind the network's.</param>
    /// <exception cref="RangeException">With what is wrong, in words for the operator.</exception>
    public static AddressRange Create(Cidr subnet, IpAddress? first = null, IpAddress? last = null, IpAddress? gateway = null)
    {
        if (!subnet.IsNetwork)
        {
            throw new RangeException($"subnet {subnet} has host bits set; write {subnet.Network}");
        }

        if (subnet.PrefixLength > subnet.Address.Bits - 2)
        {
            throw new RangeException($"subnet {subnet} is too small to lease from");
        }

        var highest = subnet.Address.IsIPv6 ? subnet.Last : IpAddress.FromIPv4((uint)subnet.Last.Value - 1);
        var range = new AddressRange(
            subnet,
            Within(subnet, "rangeStart", first) ?? subnet.First.Add(1),
            Within(subnet, "rangeEnd", last) ?? highest,
            Within(subnet, "gateway", gateway) ?? subnet.First.Add(1));
        if (range.First > range.Last)
        {
            throw new RangeException($"rangeStart {range.First} lies behind rangeEnd {range.Last}");
        }

        return subnet.Address.IsIPv6 ? range
            : range.First == subnet.First ? throw new RangeException($"rangeStart {first} is the network address of subnet {subnet}")
            : range.Last == subnet.Last ? throw new RangeException($"rangeEnd {last} is the broadcast address of subnet {subnet}")
            : range;
    }

    /// <summary>Tells whether the address may be leased from here.</summary>
    public bool Contains(IpAddress address) =>
        address.IsIPv6 == First.IsIPv6 && address >= First && address <= Last && address != Gateway;

    /// <summary>Tells whether an address lies in both.</summary>
    public bool Overlaps(AddressRange other) => First <= other.Last && other.First <= Last;

    public override string ToString() => $"{First}-{Last}";

    private static IpAddress? Within(Cidr subnet, string key, IpAddress? address) =>
        address is { } given && !subnet.Contains(given)
            ? throw new RangeException($"{key} {given} does not lie in subnet {subnet}")
            : address;
}
