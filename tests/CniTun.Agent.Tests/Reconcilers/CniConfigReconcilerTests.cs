using CniTun.Agent.Desired;
using CniTun.Agent.Files;
using CniTun.Agent.Reconcilers;
using CniTun.Daemon;

namespace CniTun.Agent.Tests.Reconcilers;

public sealed class CniConfigReconcilerTests : IDisposable
{
    private static readonly string Content = CniConfig.Format(Samples.Settings, Samples.A.PodCidrs, mtuBytes: 1472);
    private readonly string root = Directory.CreateTempSubdirectory("cnitun-test-").FullName;
    private readonly RecordingLogger logger = new();

    private string Dir => Path.Combine(root, "net.d");

    private string FilePath => Path.Combine(Dir, "10-cnitun.conflist");

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Fact]
    public void The_file_is_written_only_when_it_differs()
    {
        var reconciler = new CniConfigReconciler(FilePath, logger);
        reconciler.Reconcile(Content);
        var written = FileStamp.TryRead(FilePath);

        reconciler.Reconcile(Content);
        Assert.Equal(written, FileStamp.TryRead(FilePath));

        var other = CniConfig.Format(Samples.Settings, Samples.A.PodCidrs, mtuBytes: 1400);
        reconciler.Reconcile(other);
        Assert.Equal(other, File.ReadAllText(FilePath));
        File.Delete(FilePath);
        reconciler.Reconcile(Content);
        Assert.Equal(Content, File.ReadAllText(FilePath));
        Assert.Equal(Enumerable.Repeat($"Information: wrote {FilePath}", 3), logger.Lines);
    }

    [Fact]
    public void Somebody_elses_file_of_that_name_is_left_alone()
    {
        const string Foreign = """{"plugins": [{"type": "bridge"}]}""";
        Directory.CreateDirectory(Dir);
        File.WriteAllText(FilePath, Foreign);

        var refusal = Assert.Throws<OperatorException>(() => new CniConfigReconciler(FilePath, logger).Reconcile(Content));

        Assert.Equal($"{FilePath} is somebody else's: its first plugin is not cnitun", refusal.Message);
        Assert.Equal(Foreign, File.ReadAllText(FilePath));
    }

    [Fact]
    public void A_file_that_the_runtime_would_take_first_is_warned_of_once_and_left_alone()
    {
        Directory.CreateDirectory(Dir);
        foreach (var name in new[] { "05-other.conf", "00-readme.txt", "99-later.conflist", ".10-x.tmp" })
        {
            File.WriteAllText(Path.Combine(Dir, name), "{}");
        }

        var reconciler = new CniConfigReconciler(FilePath, logger);
        reconciler.Reconcile(Content);
        reconciler.Reconcile(Content);

        Assert.Equal(
            [
                $"Information: wrote {FilePath}",
                $"Warning: 05-other.conf in {Dir} sorts before 10-cnitun.conflist: the runtime uses that instead",
            ],
            logger.Lines);
        Assert.Equal(5, Directory.GetFiles(Dir).Length);
    }
}
