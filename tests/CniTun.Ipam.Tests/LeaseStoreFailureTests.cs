using CniTun.Linux;

namespace CniTun.Ipam.Tests;

/// <summary>Data directories that cannot be used: the error number is the kernel's, and no descriptor stays open.</summary>
public sealed class LeaseStoreFailureTests : IDisposable
{
    private const int MostInodes = 24;

    private readonly RangeSet set = TestStore.Set("10.1.0.0/24");
    private readonly string root = Directory.CreateTempSubdirectory("cnitun-test-").FullName;

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Fact]
    public void A_data_directory_that_is_missing_is_made_and_only_its_owner_may_look_into_it()
    {
        LeaseStore.Open($"{root}/a/b/c", "net").Dispose();

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode($"{root}/a/b/c/net"));
    }

    [Fact]
    public void Looking_for_a_store_makes_nothing()
    {
        Assert.Null(LeaseStore.TryOpen($"{root}/a", "net"));
        Assert.Null(LeaseStore.TryOpen(root, "net"));
        Assert.Empty(Directory.GetFileSystemEntries(root));

        LeaseStore.Open(root, "net").Dispose();
        using var store = LeaseStore.TryOpen(root, "net");
        Assert.NotNull(store);
    }

    [Fact]
    public void A_store_that_was_never_made_to_its_end_holds_nothing_yet()
    {
        Directory.CreateDirectory($"{root}/net/attachments");

        Assert.Null(LeaseStore.TryOpen(root, "net"));
        Assert.Equal(["attachments"], Directory.GetFileSystemEntries($"{root}/net").Select(Path.GetFileName));

        LeaseStore.Open(root, "net").Dispose();
        OpenDescriptors.AssertNoneLeaked(() => LeaseStore.TryOpen(root, "net")!.Dispose());
    }

    [Fact]
    public void A_file_where_a_directory_should_be_is_ENOTDIR()
    {
        File.WriteAllText($"{root}/file", string.Empty);
        Directory.CreateDirectory($"{root}/half");
        File.WriteAllText($"{root}/half/addresses", string.Empty);
        OpenDescriptors.AssertNoneLeaked(() =>
        {
            Assert.Equal(Errno.ENOTDIR, Assert.Throws<LinuxException>(() => LeaseStore.Open($"{root}/file", "net")).Errno);
            Assert.Equal(Errno.ENOTDIR, Assert.Throws<LinuxException>(() => LeaseStore.Open(root, "file")).Errno);
            Assert.Equal(Errno.ENOTDIR, Assert.Throws<LinuxException>(() => LeaseStore.Open(root, "half")).Errno);
            Assert.Equal(Errno.ENOTDIR, Assert.Throws<LinuxException>(() => LeaseStore.TryOpen(root, "file")).Errno);
            Assert.Equal(Errno.ENOTDIR, Assert.Throws<LinuxException>(() => LeaseStore.TryOpen($"{root}/file", "net")).Errno);
        });
    }

    [Fact]
    public void Where_the_kernel_takes_no_directories_the_path_is_named()
    {
        OpenDescriptors.AssertNoneLeaked(() =>
        {
            var refused = Assert.Throws<LinuxException>(() => LeaseStore.Open("/proc/cnitun-test", "net"));

            Assert.Equal(Errno.ENOENT, refused.Errno);
            Assert.Contains("/proc/cnitun-test", refused.Message, StringComparison.Ordinal);
        });
    }

    [KernelFact]
    public void On_a_read_only_file_system_everything_can_be_read_and_nothing_changed()
    {
        using var files = new TinyFileSystem("size=1m");
        var pod = TestStore.Pod(1);
        using (var writable = LeaseStore.Open(files.Path, "net"))
        {
            writable.Begin(pod);
            writable.Allocate(pod, "/run/netns/pod-1", set);
        }

        files.Remount("ro");
        using var store = LeaseStore.Open(files.Path, "net");
        OpenDescriptors.AssertNoneLeaked(() =>
        {
            Assert.Single(store.List());
            Assert.Single(store.Find(pod));
            store.Begin(pod);
            Assert.NotNull(store.Allocate(pod, "/run/netns/pod-1", set));
            Assert.Equal(Errno.EROFS, Assert.Throws<LinuxException>(() => LeaseStore.Open(files.Path, "other")).Errno);
            Assert.Equal(Errno.EROFS, Assert.Throws<LinuxException>(() => store.Begin(TestStore.Pod(2))).Errno);
            Assert.Equal(Errno.EROFS, Assert.Throws<LinuxException>(() => store.Allocate(TestStore.Pod(2), "/n", set)).Errno);
            Assert.Equal(Errno.EROFS, Assert.Throws<LinuxException>(() => store.Release(pod)).Errno);
            store.Release(TestStore.Pod(2));
        });
    }

    [KernelFact]
    public void A_full_file_system_is_ENOSPC_and_what_is_leased_there_can_be_released()
    {
        using var files = new TinyFileSystem("size=256k");
        using var store = LeaseStore.Open(files.Path, "net");
        store.Begin(TestStore.Pod(1));
        var lease = store.Allocate(TestStore.Pod(1), "/run/netns/pod-1", set);
        files.Fill();

        OpenDescriptors.AssertNoneLeaked(() =>
        {
            var withMap = Assert.Throws<LinuxException>(() => store.Allocate(TestStore.Pod(2), "/n", set));
            var withoutMap = Assert.Throws<LinuxException>(() => store.Allocate(TestStore.Pod(2), "/n", TestStore.Set("fd00::/64")));
            Assert.Equal((Errno.ENOSPC, Errno.ENOSPC), (withMap.Errno, withoutMap.Errno));
            store.Release(TestStore.Pod(2));
        });

        Assert.Equal([lease!], store.List());
        store.Release(TestStore.Pod(1));
        Assert.Empty(store.List());
        Assert.Empty(store.Attachments());
    }

    [KernelFact]
    public void Whichever_step_the_file_system_is_full_at_a_release_leaves_nothing()
    {
        var reached = new HashSet<string>(StringComparer.Ordinal);
        for (var inodes = 2; inodes < MostInodes; inodes++)
        {
            using var files = new TinyFileSystem($"size=1m,nr_inodes={inodes}");
            LeaseStore? store = null;
            try
            {
                reached.Add("open");
                store = LeaseStore.Open(files.Path, "net");
                reached.Add("begin");
                store.Begin(TestStore.Pod(1));
                reached.Add("allocate");
                Assert.NotNull(store.Allocate(TestStore.Pod(1), "/run/netns/pod-1", set));
                reached.Add("leased");
            }
            catch (LinuxException full)
            {
                Assert.Equal(Errno.ENOSPC, full.Errno);
                Assert.Empty(store?.List() ?? []);
            }

            store?.Release(TestStore.Pod(1));
            Assert.Empty(store?.Attachments() ?? []);
            Assert.Empty(store?.List() ?? []);
            store?.Dispose();
        }

        Assert.Equal(["allocate", "begin", "leased", "open"], reached.Order(StringComparer.Ordinal));
    }
}
