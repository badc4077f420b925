namespace CniTun.Tunnel.Headers;

/// <summary>What cutting and merging know of TCP (RFC 9293) and UDP (RFC 768): numbers of the specifications.</summary>
internal static class TransportHeader
{
    public const byte Tcp = 6;
    public const byte Udp = 17;

    public const byte Fin = 0x01;
    public const byte Syn = 0x02;
    public const byte Rst = 0x04;
    public const byte Psh = 0x08;
    public const byte Urg = 0x20;
    public const byte Cwr = 0x80;

    public const int TcpHeaderBytes = 20;
    public const int TcpSequenceOffset = 4;
    public const int TcpFlagsOffset = 13;
    public const int TcpChecksumOffset = 16;

    public const int UdpHeaderBytes = 8;
    public const int UdpLengthOffset = 4;
    public const int UdpChecksumOffset = 6;
}
