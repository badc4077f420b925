using System.Text;
using CniTun.Linux.Files;

namespace CniTun.Linux.Tests.Files;

public sealed class DirectoryHandleTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("cnitun-test-").FullName;

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Fact]
    public void A_file_appears_complete_and_under_several_names_is_one_file()
    {
        using var directory = DirectoryHandle.OpenOrCreate($"{root}/a/b");
        using var child = directory.OpenOrCreateChild("c");
        using (var file = UnnamedFile.Create(directory, "content"u8))
        {
            Assert.Empty(Directory.GetFiles(root, "*", SearchOption.AllDirectories));
            Assert.True(file.TryLink(directory, "one"));
            Assert.True(file.TryLink(child, "two"));
        }

        Assert.Equal("content", Encoding.UTF8.GetString(directory.TryRead("one", 100)!));
        Assert.Equal("cont", Encoding.UTF8.GetString(child.TryRead("two", 4)!));
        Assert.Equal(directory.Identify("one"), child.Identify("two"));
        Assert.Equal(["c", "one"], directory.List().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_taken_name_is_not_overwritten()
    {
        using var directory = DirectoryHandle.OpenOrCreate(root);
        using var first = UnnamedFile.Create(directory, "first"u8);
        using var second = UnnamedFile.Create(directory, "second"u8);

        Assert.True(first.TryLink(directory, "name"));
        Assert.False(second.TryLink(directory, "name"));
        Assert.Equal("first", Encoding.UTF8.GetString(directory.TryRead("name", 100)!));
    }

    [Fact]
    public void Deleting_what_is_gone_is_no_error()
    {
        using var directory = DirectoryHandle.OpenOrCreate(root);
        using var child = directory.OpenOrCreateChild("child");
        using var file = UnnamedFile.Create(directory, default);
        Assert.True(file.TryLink(child, "file"));

        Assert.False(directory.TryDelete("nothing"));
        Assert.False(directory.TryDeleteEmptyChild("nothing"));
        Assert.False(directory.TryDeleteEmptyChild("child"));
        Assert.True(child.TryDelete("file"));
        Assert.True(directory.TryDeleteEmptyChild("child"));
        Assert.Null(directory.Identify("child"));
        Assert.Null(directory.TryRead("child", 1));
        Assert.Null(directory.TryOpenChild("child"));
        Assert.Null(DirectoryHandle.TryOpen($"{root}/child"));
    }

    [Fact]
    public void A_listing_is_whole_beyond_one_buffer()
    {
        using var directory = DirectoryHandle.OpenOrCreate(root);
        using var file = UnnamedFile.Create(directory, default);
        var names = Enumerable.Range(0, 3000).Select(i => $"a-name-of-some-length-{i:d5}").ToList();
        names.ForEach(name => Assert.True(file.TryLink(directory, name)));

        Assert.Equal(names, directory.List().Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("/etc")]
    [InlineData("a\0b")]
    public void No_name_leads_out_of_the_directory(string name)
    {
        using var directory = DirectoryHandle.OpenOrCreate(root);
        Assert.Throws<ArgumentException>(() => directory.TryRead(name, 1));
        Assert.Throws<ArgumentException>(() => directory.TryDelete(name));
        Assert.Throws<ArgumentException>(() => directory.OpenOrCreateChild(name));
    }

    [Fact]
    public void A_lock_keeps_the_second_out_until_the_first_lets_go()
    {
        using var first = DirectoryHandle.OpenOrCreate(root);
        using var second = DirectoryHandle.OpenOrCreate(root);
        first.Lock();
        var waiter = new Thread(() => second.Lock());

        waiter.Start();
        Assert.False(waiter.Join(TimeSpan.FromMilliseconds(200)));
        first.Dispose();
        Assert.True(waiter.Join(Eventually.Limit));
    }

    [Fact]
    public void A_directory_that_was_removed_or_made_anew_is_no_longer_the_one_of_its_name()
    {
        using var directory = DirectoryHandle.OpenOrCreate(root);
        using var child = directory.OpenOrCreateChild("child");
        Assert.True(child.IsStill(directory, "child"));

        Assert.True(directory.TryDeleteEmptyChild("child"));
        Assert.False(child.IsStill(directory, "child"));
        directory.OpenOrCreateChild("child").Dispose();
        Assert.False(child.IsStill(directory, "child"));
    }

    [Fact]
    public void Failures_say_where_and_leave_no_descriptor_open()
    {
        File.WriteAllText($"{root}/file", string.Empty);
        OpenDescriptors.AssertNoneLeaked(() =>
        {
            var refused = Assert.Throws<LinuxException>(() => DirectoryHandle.OpenOrCreate($"{root}/file/child"));
            Assert.Equal(Errno.ENOTDIR, refused.Errno);
            Assert.Contains(root, refused.Message, StringComparison.Ordinal);
            Assert.Throws<LinuxException>(() => DirectoryHandle.TryOpen("/proc/self/fd/0/nothing"));
            using var directory = DirectoryHandle.OpenOrCreate("/proc/self");
            Assert.Throws<LinuxException>(() => UnnamedFile.Create(directory, default));
        });
    }
}
