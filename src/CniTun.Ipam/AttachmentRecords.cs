using CniTun.Linux;
using CniTun.Linux.Files;

namespace CniTun.Ipam;

/// <summary>
/// The directories attachments/CONTAINER:IFNAME, one for each attachment: there as long as anything may belong to it. In one are the notes
/// which addresses it may have, and what the host does for it beside (<see cref="EndpointFile"/>); on it is the lock of who leases to it or releases it.
/// </summary>
/// <remarks>
/// <para>A file "endpoint" is taken away before what it speaks of is, and whoever makes that again from all of them holds the lock on DATADIR alone,
/// which who takes one away, or puts another in its place, shares: so nothing is made again that is being removed.</para>
/// </remarks>
/// <param name="attachments">Owned.</param>
/// <param name="dataDirectory">Of all networks.</param>
public sealed class AttachmentRecords(DirectoryHandle attachments, string dataDirectory) : IDisposable
{
    private const int LongestEndpointBytes = 8192;

    /// <summary>The name of a file that no address has.</summary>
    internal const string EndpointFile = "endpoint";

    /// <summary>Lists the files of a record: the addresses that the attachment may have among them; none if its record is not there, or is deleted while we look.</summary>
    internal static IReadOnlyList<string> Notes(DirectoryHandle? record)
    {
        try
        {
            return record?.List() ?? [];
        }
        catch (LinuxException gone) when (gone.Errno == Errno.ENOENT)
        {
            return [];
        }
    }

    /// <summary>Keeps everybody from taking away what is saved of an endpoint of any network, until it is disposed or its owner dies.</summary>
    /// <returns>Null if the directory is not there.</returns>
    public static IDisposable? LockEndpoints(string dataDirectory, bool shared = false)
    {
        var directory = DirectoryHandle.TryOpen(dataDirectory);
        try
        {
            directory?.Lock(shared);
            return directory;
        }
        catch
        {
            directory?.Dispose();
            throw;
        }
    }

    /// <summary>Saves what the host does for an attachment, in the caller's words, before it does it.</summary>
    /// <returns>What was saved before, by an ADD that was killed; null if nothing was.</returns>
    public byte[]? SaveEndpoint(Attachment attachment, ReadOnlySpan<byte> content)
    {
        using var record = Open(attachment);
        using var file = UnnamedFile.Create(record, content);
        if (file.TryLink(record, EndpointFile))
        {
            return null;
        }

        return TakeEndpoint(record, () => _ = file.TryLink(record, EndpointFile));
    }

    /// <summary>Gets what was saved of an attachment; null if nothing was.</summary>
    public byte[]? ReadEndpoint(Attachment attachment)
    {
        using var record = TryOpen(attachment);
        return record?.TryRead(EndpointFile, LongestEndpointBytes);
    }

    /// <summary>Takes away what was saved of an attachment, before what it speaks of is removed.</summary>
    /// <returns>Null if nothing was saved.</returns>
    public byte[]? TakeEndpoint(Attachment attachment)
    {
        using var record = TryOpen(attachment);
        return record?.Identify(EndpointFile) is null ? null : TakeEndpoint(record, static () => { });
    }

    /// <summary>Opens a record, made if it is missing.</summary>
    /// <exception cref="ArgumentException">The two names together are longer than a file name may be (254 bytes).</exception>
    internal DirectoryHandle Open(Attachment attachment) =>
        attachment.FitsFileName
            ? attachments.OpenOrCreateChild(attachment.FileName)
            : throw new ArgumentException($"container id {attachment.ContainerId} is too long", nameof(attachment));

    /// <summary>Opens a record if there is one.</summary>
    internal DirectoryHandle? TryOpen(Attachment attachment) =>
        attachment.FitsFileName ? attachments.TryOpenChild(attachment.FileName) : null;

    /// <summary>Opens a record alone: while it is open no other process leases to the attachment or releases it.</summary>
    /// <exception cref="ArgumentException">As for <see cref="Open"/>.</exception>
    /// <exception cref="LinuxException">EAGAIN: another process has it, which the text names.</exception>
    internal DirectoryHandle Lock(Attachment attachment)
    {
        while (true)
        {
            var record = Open(attachment);
            try
            {
                record.Lock();
                if (IsStill(record, attachment))
                {
                    return record;
                }
            }
            catch
            {
                record.Dispose();
                throw;
            }

            // A release removed it while we waited.
            record.Dispose();
        }
    }

    /// <summary>Tells whether the record is the one that has the attachment's name now.</summary>
    internal bool IsStill(DirectoryHandle record, Attachment attachment) => record.IsStill(attachments, attachment.FileName);

    /// <summary>Removes a record that is empty.</summary>
    internal void Forget(Attachment attachment) => attachments.TryDeleteEmptyChild(attachment.FileName);

    /// <summary>Lists whose records are there.</summary>
    internal IReadOnlyList<Attachment> List() =>
        [.. attachments.List().Select(Attachment.FromFileName).OfType<Attachment>()];

    public void Dispose() => attachments.Dispose();

    private byte[]? TakeEndpoint(DirectoryHandle record, Action putAnother)
    {
        using var taking = LockEndpoints(dataDirectory, shared: true);
        var content = record.TryRead(EndpointFile, LongestEndpointBytes);
        record.TryDelete(EndpointFile);
        putAnother();
        return content;
    }
}
