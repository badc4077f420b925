namespace CniTun.Tunnel.Tests.Packets;

/// <summary>Packets that follow one another.</summary>
internal static class Flow
{
    public static List<InnerPacket> Of(InnerPacket first, int count)
    {
        var packets = new List<InnerPacket> { first };
        while (packets.Count < count)
        {
            packets.Add(packets[^1].Next());
        }

        return packets;
    }
}
