namespace CniTun.Tunnel.Packets;

/// <summary>Sends what the outbound core made ready. The loop does it with a socket, a test with a list.</summary>
public interface ITrainSender
{
    /// <summary>Sends trains in this order and tells <see cref="SendTrain.Completed"/> of each how it ended. They are used again afterwards.</summary>
    void Send(ReadOnlySpan<SendTrain> trains);
}
