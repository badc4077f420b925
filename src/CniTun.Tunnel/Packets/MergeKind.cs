namespace CniTun.Tunnel.Packets;

/// <summary>How a packet is to be treated among others that are being merged, so that none overtakes another of its flow.</summary>
internal enum MergeKind
{
    /// <summary>Alone, when everything before it was written: a fragment, options, extension headers, no TCP or UDP, or a header that is none.</summary>
    AfterAll,

    /// <summary>Alone, when its flow was written: no payload, SYN, FIN, RST, URG, CWR, UDP without checksum or with a length that does not agree.</summary>
    AfterItsFlow,

    /// <summary>Together with others of its flow.</summary>
    Merged,
}
