namespace CniTun.Ipam.Tests;

/// <summary>A tmpfs of the test's own, small enough to fill up. Unmounted with Dispose.</summary>
internal sealed class TinyFileSystem : IDisposable
{
    /// <param name="options">For mount(8): <c>size=64k</c>, <c>nr_inodes=10</c>.</param>
    public TinyFileSystem(string options)
    {
        Path = Directory.CreateTempSubdirectory("cnitun-test-").FullName;
        Command.Run("mount", "-t", "tmpfs", "-o", options, "cnitun-test", Path);
    }

    public string Path { get; }

    public void Remount(string options) => Command.Run("mount", "-o", $"remount,{options}", Path);

    /// <summary>Fills all space with one file.</summary>
    public void Fill()
    {
        using var filler = new FileStream($"{Path}/filler", FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            while (true)
            {
                filler.Write(new byte[1024]);
            }
        }
        catch (IOException)
        {
            // It is full.
        }
    }

    public void Dispose()
    {
        Command.Run("umount", Path);
        Directory.Delete(Path);
    }
}
