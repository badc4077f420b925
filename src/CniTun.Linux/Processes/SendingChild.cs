using System.Runtime.InteropServices;

namespace CniTun.Linux.Processes;

/// <summary>
/// A forked copy of this process that makes one send in its place and ends: for a request at which the kernel keeps its sender long after
/// what was asked for is done. It may outlive this process, and has nothing of it but the sockets that it needs.
/// </summary>
/// <remarks>
/// <para>Only for a process of one thread that soon ends: of a process with more, the child is a copy with locks that nobody will ever
/// open. So the child runs no code of the runtime: it allocates nothing, calls only the C library, and that without telling the collector
/// (SuppressGCTransition), which in the child no longer has a thread to stop it with.</para>
/// <para>Before it sends, it closes all that it inherited, standard streams first of all: a runtime that waits for the end of our output
/// waits for no child, and no lock lives on in one.</para>
/// <para>Nobody needs to wait for it. A child that ended while we live stays in the process table until <see cref="HasEnded"/> asks, or we
/// end; one that outlives us is inherited and collected by init, as any orphan.</para>
/// <para>Not a thread, and not io_uring: the kernel does the work of both within this process, which then is not gone before they are
/// done. Not clone(CLONE_VM), which would save the copy of the page tables (0.1 ms): the child would write to our thread's own
/// memory, errno to begin with, while we run, and no managed code could be its first function.</para>
/// </remarks>
internal static unsafe partial class SendingChild
{
    /// <summary>sys/wait.h.</summary>
    internal const int WNOHANG = 1;

    /// <summary>Has a child send a message, and close both sockets when the send is over.</summary>
    /// <param name="socket">Connected, or one whose default destination is meant, as the kernel is of netlink.</param>
    /// <param name="message">The datagram.</param>
    /// <param name="slowToClose">Another socket, whose last close takes long: it is left to the child; -1 for none.</param>
    /// <returns>The child's process id; -1 if there can be no child.</returns>
    public static int Start(int socket, ReadOnlySpan<byte> message, int slowToClose)
    {
        const int kept = 2;
        fixed (byte* bytes = message)
        {
            var child = fork();
            if (child != 0)
            {
                return child;
            }

            _ = dup2(socket, 0);
            _ = slowToClose < 0 ? close(1) : dup2(slowToClose, 1);
            if (close_range(kept, uint.MaxValue, 0) < 0)
            {
                // Before Linux 5.9: the streams that somebody may wait for are closed at least.
                _ = close(kept);
            }

            // The answer goes to the socket, where our parent reads it.
            _ = write(0, bytes, (nuint)message.Length);
            _exit(0);
            return 0;
        }
    }

    /// <summary>Tells whether a child is done; it must not be asked about again then.</summary>
    public static bool HasEnded(int child)
    {
        int status;
        return waitpid(child, &status, WNOHANG) != 0;
    }

    [LibraryImport("libc")]
    [SuppressGCTransition]
    private static partial int fork();

    [LibraryImport("libc")]
    [SuppressGCTransition]
    private static partial int dup2(int from, int to);

    [LibraryImport("libc")]
    [SuppressGCTransition]
    private static partial int close(int fd);

    [LibraryImport("libc")]
    [SuppressGCTransition]
    private static partial int close_range(uint first, uint last, int flags);

    [LibraryImport("libc")]
    [SuppressGCTransition]
    private static partial nint write(int fd, byte* bytes, nuint length);

    [LibraryImport("libc")]
    [SuppressGCTransition]
    private static partial void _exit(int status);

    [LibraryImport("libc")]
    private static partial int waitpid(int pid, int* status, int options);
}
