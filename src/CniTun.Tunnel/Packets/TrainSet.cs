using CniTun.Tunnel.Peers;

namespace CniTun.Tunnel.Packets;

/// <summary>
/// The trains of one round: datagrams of one peer and length gather in one, whatever comes between them, and those of one
/// peer never change their order. Belongs to one thread.
/// </summary>
public sealed class TrainSet(ITrainSender sender)
{
    private const int MaxTrains = 16;

    private readonly SendTrain[] trains = [.. Enumerable.Range(0, MaxTrains).Select(_ => new SendTrain())];
    private int count;

    /// <summary>Told of each train after it was sent.</summary>
    public required Action<SendTrain> OnSent { get; init; }

    /// <summary>Gets the train that the next datagram of a peer belongs to; sends what is there if there is no room.</summary>
    /// <param name="peer">With an endpoint.</param>
    /// <param name="trafficClass">DSCP and ECN for the outer header.</param>
    /// <param name="bytes">The datagram's length.</param>
    /// <param name="newHeaderBytes">How many of them are a header to be made.</param>
    public SendTrain For(Peer peer, byte trafficClass, int bytes, int newHeaderBytes)
    {
        // Only the peer's newest train may take it, or it would overtake.
        for (var i = count - 1; i >= 0; i--)
        {
            if (trains[i].Peer == peer)
            {
                if (trains[i].Takes(trafficClass, bytes, newHeaderBytes))
                {
                    return trains[i];
                }

                // A full one is worth a send of its own; a change of length or class is not.
                if (trains[i].Segments > 1)
                {
                    Flush();
                }

                break;
            }
        }

        if (count == MaxTrains)
        {
            Flush();
        }

        var train = trains[count++];
        train.Begin(peer, trafficClass, bytes);
        return train;
    }

    /// <summary>Sends everything.</summary>
    public void Flush()
    {
        if (count == 0)
        {
            return;
        }

        var ready = trains.AsSpan(0, count);
        sender.Send(ready);
        foreach (var train in ready)
        {
            OnSent(train);
        }

        count = 0;
    }
}
