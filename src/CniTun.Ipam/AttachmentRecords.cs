using CniTun.Linux;
using CniTun.Linux.Files;

namespace CniTun.Ipam;

/// <summary>
/// The directories attachments/CONTAINER:IFNAME, one for each attachment: there as long as anything may belong to it. In one are the notes
/// which addresses it may have, and what the host does for it beside (<see cref="EndpointFile"/>); on it is the lock of who leases to it or releases it.
/// </summary>
/// <param name="attachments">Owned.</param>
internal sealed class AttachmentRecords(DirectoryHandle attachments) : IDisposable
{
    /// <summary>The name of a file that no address has.</summary>
    public const string EndpointFile = "endpoint";

    /// <summary>Lists the files of a record: the addresses that the attachment may have among them; none if its record is not there, or is deleted while we look.</summary>
    public static IReadOnlyList<string> Notes(DirectoryHandle? record)
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

    /// <summary>Opens a record, made if it is missing.</summary>
    /// <exception cref="ArgumentException">The two names together are longer than a file name may be (254 bytes).</exception>
    public DirectoryHandle Open(Attachment attachment) =>
        attachment.FitsFileName
            ? attachments.OpenOrCreateChild(attachment.FileName)
            : throw new ArgumentException($"container id {attachment.ContainerId} is too long", nameof(attachment));

    /// <summary>Opens a record if there is one.</summary>
    public DirectoryHandle? TryOpen(Attachment attachment) =>
        attachment.FitsFileName ? attachments.TryOpenChild(attachment.FileName) : null;

    /// <summary>Opens a record alone: while it is open no other process leases to the attachment or releases it.</summary>
    /// <exception cref="ArgumentException">As for <see cref="Open"/>.</exception>
    /// <exception cref="LinuxException">EAGAIN: another process has it, which the text names.</exception>
    public DirectoryHandle Lock(Attachment attachment)
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
    public bool IsStill(DirectoryHandle record, Attachment attachment) => record.IsStill(attachments, attachment.FileName);

    /// <summary>Removes a record that is empty.</summary>
    public void Forget(Attachment attachment) => attachments.TryDeleteEmptyChild(attachment.FileName);

    /// <summary>Lists whose records are there.</summary>
    public IReadOnlyList<Attachment> List() =>
        [.. attachments.List().Select(Attachment.FromFileName).OfType<Attachment>()];

    public void Dispose() => attachments.Dispose();
}
