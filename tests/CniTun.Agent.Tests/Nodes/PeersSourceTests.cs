using CniTun.Agent.Nodes;

namespace CniTun.Agent.Tests.Nodes;

public sealed class PeersSourceTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("cnitun-test-").FullName;
    private readonly RecordingLogger logger = new();

    private string FilePath => Path.Combine(directory, "peers.json");

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public void A_bad_file_leaves_the_last_good_nodes_in_force_and_is_complained_of_once()
    {
        var source = new PeersSource(FilePath, "a", Samples.Key(1), logger);
        Write("10.77.1.0/24");
        source.Refresh();
        var good = source.Nodes;

        File.WriteAllText(FilePath, "{");
        source.Refresh();
        source.Refresh();
        Assert.Same(good, source.Nodes);

        File.Delete(FilePath);
        source.Refresh();
        source.Refresh();
        Assert.Same(good, source.Nodes);

        Write("10.77.9.0/24");
        source.Refresh();
        Assert.Equal("10.77.9.0/24", Assert.Single(source.Nodes!.Self.PodCidrs).ToString());
        Assert.Equal(
            [
                $"Information: {FilePath} names 1 nodes",
                $"Error: {FilePath}: line 1, byte 2: not valid JSON; its last good content stays in force",
                $"Error: {FilePath}: no such file; its last good content stays in force",
                $"Information: {FilePath} names 1 nodes",
            ],
            logger.Lines);
    }

    [Fact]
    public void A_file_that_never_was_good_gives_no_nodes()
    {
        var source = new PeersSource(FilePath, "a", Samples.Key(1), logger);

        source.Refresh();
        source.Refresh();

        Assert.Null(source.Nodes);
        Assert.Equal([$"Error: {FilePath}: no such file; waiting for it to be put right"], logger.Lines);
    }

    private void Write(string podCidr) => File.WriteAllText(
        FilePath,
        $$"""{"nodes": [{"name": "a", "publicKey": "{{Samples.Key(1)}}", "endpoints": [], "podCIDRs": ["{{podCidr}}"]}]}""");
}
