namespace CniTun.Linux;

/// <summary>A system call that we needed failed. Match <see cref="Errno"/>, never the text.</summary>
public sealed class LinuxException : IOException
{
    /// <summary>Initializes a new instance of the <see cref="LinuxException"/> class.</summary>
    /// <param name="call">The system call or netlink request, by the kernel's name: "open", "RTM_NEWLINK".</param>
    /// <param name="subject">What it was tried on: a path, an interface, an address.</param>
    /// <param name="errno">The positive error number.</param>
    /// <param name="kernelMessage">The kernel's own words (netlink's extended acknowledgement), or null if it gave none.</param>
    public LinuxException(string call, string subject, int errno, string? kernelMessage = null)
        : base(kernelMessage is null
            ? $"{call} {subject}: {CniTun.Linux.Errno.Describe(errno)}"
            : $"{call} {subject}: {CniTun.Linux.Errno.Describe(errno)}: {kernelMessage}")
    {
        Call = call;
        Subject = subject;
        Errno = errno;
        KernelMessage = kernelMessage;
    }

    public string Call { get; }

    public string Subject { get; }

    public int Errno { get; }

    public string? KernelMessage { get; }
}
