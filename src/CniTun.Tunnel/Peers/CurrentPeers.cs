namespace CniTun.Tunnel.Peers;

/// <summary>The one place from which packet threads take the table of the moment.</summary>
public sealed class CurrentPeers
{
    private PeerTable table = PeerTable.Empty;

    /// <summary>Gets the table; a packet is decided upon by one table from beginning to end.</summary>
    public PeerTable Table => Volatile.Read(ref table);

    /// <summary>Puts a new table in force for every packet from now on.</summary>
    public void Replace(PeerTable next) => Volatile.Write(ref table, next);
}
