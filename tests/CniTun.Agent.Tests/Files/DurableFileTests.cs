using System.Text;
using CniTun.Agent.Files;

namespace CniTun.Agent.Tests.Files;

public sealed class DurableFileTests : IDisposable
{
    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private readonly string directory = Directory.CreateTempSubdirectory("cnitun-test-").FullName;

    private string FilePath => Path.Combine(directory, "10-net.conflist");

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public void A_replaced_file_is_a_new_one_with_its_mode_and_no_other_name_is_left()
    {
        DurableFile.Replace(FilePath, "one"u8, Readable);
        var before = FileStamp.TryRead(FilePath);

        // What a writer that died would have left.
        File.WriteAllText(Path.Combine(directory, ".10-net.conflist.tmp"), "a longer leftover");
        DurableFile.Replace(FilePath, "two"u8, Readable);

        Assert.Equal("two", File.ReadAllText(FilePath));
        Assert.Equal(Readable, File.GetUnixFileMode(FilePath));
        Assert.NotEqual(before, FileStamp.TryRead(FilePath));
        Assert.Equal(["10-net.conflist"], Directory.GetFiles(directory).Select(Path.GetFileName));
    }

    [Fact]
    public void A_created_file_never_takes_anothers_place()
    {
        File.WriteAllText(FilePath, "mine");

        Assert.False(DurableFile.TryCreate(FilePath, "yours"u8));

        Assert.Equal("mine", File.ReadAllText(FilePath));
        Assert.Equal(["10-net.conflist"], Directory.GetFiles(directory).Select(Path.GetFileName));
    }

    [Fact]
    public void A_stamp_tells_a_rewrite_in_place_and_a_missing_file()
    {
        Assert.Null(FileStamp.TryRead(FilePath));
        File.WriteAllText(FilePath, "one");
        var before = FileStamp.TryRead(FilePath);
        Assert.Equal(before, FileStamp.TryRead(FilePath));

        File.AppendAllText(FilePath, "two");

        Assert.NotEqual(before, FileStamp.TryRead(FilePath));
    }

    [Fact]
    public void Writing_leaks_no_descriptor() =>
        OpenDescriptors.AssertNoneLeaked(() =>
        {
            DurableFile.Replace(FilePath, "content"u8, Readable);
            Assert.ThrowsAny<IOException>(() => DurableFile.Replace("/nonexistent/x.conflist", "content"u8, Readable));
            Assert.False(DurableFile.TryCreate(FilePath, Encoding.UTF8.GetBytes("other")));
        });
}
