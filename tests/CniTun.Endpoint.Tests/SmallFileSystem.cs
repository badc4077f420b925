namespace CniTun.Endpoint.Tests;

/// <summary>A tmpfs of 256 KiB over a directory of the test's own, to be filled or made read-only. Unmounted with Dispose.</summary>
internal sealed class SmallFileSystem : IDisposable
{
    private readonly string directory;

    public SmallFileSystem(string directory)
    {
        this.directory = directory;
        Command.Run("mount", "-t", "tmpfs", "-o", "size=256k,nr_inodes=500", "cnitun-test", directory);
    }

    private string Ballast => $"{directory}/ballast";

    /// <summary>Makes every further write fail.</summary>
    /// <param name="how">"ro": read-only. "full": no space left.</param>
    public void Spoil(string how)
    {
        if (how is "ro")
        {
            Command.Run("mount", "-o", "remount,ro", directory);
            return;
        }

        Command.Try("dd", "if=/dev/zero", $"of={Ballast}", "bs=4k");
    }

    public void Repair()
    {
        Command.Run("mount", "-o", "remount,rw", directory);
        File.Delete(Ballast);
    }

    public void Dispose() => Command.Run("umount", "-l", directory);
}
