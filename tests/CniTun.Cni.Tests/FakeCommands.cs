namespace CniTun.Cni.Tests;

/// <summary>Commands that note what they were asked and do what the test says: by default, succeed.</summary>
internal sealed class FakeCommands : ICniCommands
{
    public List<CniRequest> Requests { get; } = [];

    public CniResult Result { get; init; } = new();

    /// <summary>Gets what every command throws; null if it succeeds.</summary>
    public Exception? Failure { get; init; }

    public void Add(CniRequest request, Action<CniResult> deliver)
    {
        Note(request);
        deliver(Result);
    }

    public void Del(CniRequest request) => Note(request);

    public void Check(CniRequest request) => Note(request);

    public void Gc(CniRequest request) => Note(request);

    public void Status(CniRequest request) => Note(request);

    private void Note(CniRequest request)
    {
        Requests.Add(request);
        if (Failure is not null)
        {
            throw Failure;
        }
    }
}
