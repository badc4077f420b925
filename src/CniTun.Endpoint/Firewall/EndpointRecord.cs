using CniTun.Addresses;
using CniTun.Cni;
using CniTun.Ipam;
using CniTun.Linux;

namespace CniTun.Endpoint.Firewall;

/// <summary>What the packet filter does for one attachment, as its record says it (docs/cni.md, "The lease directory").</summary>
/// <param name="Masqueraded">The addresses that get the host's towards the world, with the prefix length of their subnet.</param>
/// <param name="HeldTo">The one Ethernet address that the container may send from; null if it may choose.</param>
/// <remarks>
/// Written before the elements of the tables are made, and taken away before they are removed: so whoever finds a table gone makes it again from
/// the records. A key that this version does not know is passed over.
/// </remarks>
internal sealed record EndpointRecord(IReadOnlyList<Cidr> Masqueraded, MacAddress? HeldTo)
{
    /// <summary>Reads every record of every network in a lease directory; damaged ones, and those of older versions, say nothing.</summary>
    public static IEnumerable<(string Network, Attachment Attachment, EndpointRecord Record)> ReadAll(string dataDirectory)
    {
        foreach (var network in LeaseStore.Networks(dataDirectory))
        {
            using var store = TryOpen(dataDirectory, network);
            foreach (var attachment in store?.Attachments() ?? [])
            {
                if (FromFile(store!.Records.ReadEndpoint(attachment)) is { } record)
                {
                    yield return (network, attachment, record);
                }
            }
        }
    }

    /// <summary>Reads a record; null if there is none, or if it is damaged.</summary>
    public static EndpointRecord? FromFile(byte[]? content)
    {
        if (content is null)
        {
            return null;
        }

        IReadOnlyList<string>? masqueraded = null;
        string? heldTo = null;
        try
        {
            var json = new JsonCursor(content, "the record of an endpoint");
            json.BeginObject();
            while (json.NextKey())
            {
                _ = json.Texts("masquerade", ref masqueraded) || json.Text("spoofCheck", ref heldTo);
            }

            return new EndpointRecord([.. (masqueraded ?? []).Select(Cidr.Parse)], MacAddress.TryParse(heldTo, out var mac) ? mac : null);
        }
        catch (Exception damaged) when (damaged is JsonFormException or FormatException)
        {
            return null;
        }
    }

    /// <summary>Writes a line of JSON.</summary>
    public byte[] ToFile(Attachment attachment)
    {
        var json = new JsonText();
        json.WriteStartObject();
        json.WriteString("hostInterface"u8, EndpointNames.HostVeth(attachment));
        if (Masqueraded.Count > 0)
        {
            json.WriteStartArray("masquerade"u8);
            foreach (var address in Masqueraded)
            {
                json.WriteStringValue(address.ToString());
            }

            json.WriteEndArray();
        }

        if (HeldTo is { } mac)
        {
            json.WriteString("spoofCheck"u8, mac.ToString());
        }

        json.WriteEndObject();
        return [.. json.ToArray(), (byte)'\n'];
    }

    /// <summary>Something that is no network's directory may lie beside them.</summary>
    private static LeaseStore? TryOpen(string dataDirectory, string network)
    {
        try
        {
            return LeaseStore.TryOpen(dataDirectory, network);
        }
        catch (LinuxException other) when (other.Errno == Errno.ENOTDIR)
        {
            return null;
        }
    }
}
