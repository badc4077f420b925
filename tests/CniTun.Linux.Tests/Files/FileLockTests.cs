using System.Globalization;
using CniTun.Linux.Files;

namespace CniTun.Linux.Tests.Files;

public sealed class FileLockTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("cnitun-test-").FullName;

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Fact]
    public void A_second_owner_is_refused_and_told_who_the_first_is()
    {
        var path = $"{root}/lock";
        using (FileLock.Acquire(path))
        {
            var refused = Assert.Throws<LinuxException>(() => FileLock.Acquire(path));
            Assert.Equal(Errno.EAGAIN, refused.Errno);
            Assert.Contains(Environment.ProcessId.ToString(CultureInfo.InvariantCulture), refused.Message, StringComparison.Ordinal);
        }

        FileLock.Acquire(path).Dispose();
    }

    [Fact]
    public void A_refusal_leaves_no_descriptor_open()
    {
        using var held = FileLock.Acquire($"{root}/lock");
        OpenDescriptors.AssertNoneLeaked(() => Assert.Throws<LinuxException>(() => FileLock.Acquire($"{root}/lock")));
    }
}
