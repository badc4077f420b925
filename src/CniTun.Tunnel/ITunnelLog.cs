namespace CniTun.Tunnel;

/// <summary>What the tunnel has to tell its operator. Called from control threads only: packets are counted, not told of.</summary>
public interface ITunnelLog
{
    /// <summary>The socket is bound, at the start or on a new port.</summary>
    void Listening(ushort port, bool isDualStack);

    /// <summary>The kernel gave smaller socket buffers than these, which costs throughput.</summary>
    void BuffersRefused(int receiveBytes, int sendBytes);

    /// <summary>A change is in force.</summary>
    void Configured(int peers, int allowedIps);

    /// <summary>A change was refused as a whole.</summary>
    void Refused(int errno);

    /// <summary>Clients of the UAPI socket cannot be accepted now. Told once, however often that is tried again before it succeeds.</summary>
    void AcceptFailed(int errno);

    /// <summary>A client of the UAPI socket was hung up on.</summary>
    void ClientFailed(string reason);

    /// <summary>The TUN is of no more use: EBADFD if it was deleted.</summary>
    void InterfaceLost(int errno);

    /// <summary>An offload is off because the kernel refused it; its work is done packet by packet.</summary>
    void OffloadRefused(string name, string reason);
}
