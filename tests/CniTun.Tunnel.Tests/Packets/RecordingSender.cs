using CniTun.Tunnel.Packets;
using CniTun.Tunnel.Peers;

namespace CniTun.Tunnel.Tests.Packets;

/// <summary>A train as it was when it was sent.</summary>
internal sealed record SentTrain(Peer Peer, byte TrafficClass, int SegmentBytes, int Segments, byte[] Bytes)
{
    /// <summary>Cuts it into datagrams as UDP_SEGMENT does.</summary>
    public IEnumerable<byte[]> Datagrams => Bytes.Chunk(SegmentBytes);
}

/// <summary>Takes trains as a socket would, and answers as it is told to.</summary>
internal sealed class RecordingSender : ITrainSender
{
    public List<SentTrain> Trains { get; } = [];

    /// <summary>Gets how many trains each call had.</summary>
    public List<int> Calls { get; } = [];

    /// <summary>Gets or sets how many datagrams of a train go out, and the errno of the others.</summary>
    public Func<SendTrain, (int Sent, int Errno)> Answer { get; set; } = train => (train.Segments, 0);

    public void Send(ReadOnlySpan<SendTrain> trains)
    {
        Calls.Add(trains.Length);
        foreach (var train in trains)
        {
            Trains.Add(new SentTrain(train.Peer, train.TrafficClass, train.SegmentBytes, train.Segments, train.Pieces.ToArray()));
            var (sent, errno) = Answer(train);
            train.Completed(sent, errno);
        }
    }
}
