using CniTun.Linux.Tuntap;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

using static Tmds.Linux.LibC;

namespace CniTun.Linux.Sockets;

/// <summary>
/// Lets threads sleep until a descriptor has something to read, and wakes them all, for good, when they are to end (eventfd(2)).
/// Disposed by its owner when no thread waits any more.
/// </summary>
public sealed class StopEvent : IDisposable
{
    private readonly SafeFileHandle handle;
    private bool isSignaled;

    /// <exception cref="LinuxException">EMFILE.</exception>
    public StopEvent()
    {
        var descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        handle = descriptor >= 0
            ? new SafeFileHandle(descriptor, ownsHandle: true)
            : throw new LinuxException("eventfd", "stop event", Libc.LastErrno);
    }

    /// <summary>Gets a value indicating whether <see cref="Signal"/> was called.</summary>
    public bool IsSignaled => Volatile.Read(ref isSignaled);

    /// <summary>Sleeps until a packet can be read from either.</summary>
    /// <returns>False once <see cref="Signal"/> was called.</returns>
    public bool WaitReadable(TunDevice device, UdpSocket socket) => WaitReadable(device.Descriptor, socket.Descriptor);

    /// <inheritdoc cref="WaitReadable(TunDevice, UdpSocket)"/>
    public bool WaitReadable(TunDevice device) => WaitReadable(device.Descriptor, -1);

    /// <inheritdoc cref="WaitReadable(TunDevice, UdpSocket)"/>
    public bool WaitReadable(UdpSocket socket) => WaitReadable(socket.Descriptor, -1);

    /// <summary>Ends every wait, and each that begins later at once. May be called from any thread, and again.</summary>
    public unsafe void Signal()
    {
        Volatile.Write(ref isSignaled, true);
        var one = 1UL;
        _ = write((int)handle.DangerousGetHandle(), &one, sizeof(ulong));
    }

    public void Dispose() => handle.Dispose();

    /// <remarks>
    /// A wait that a signal handler interrupts counts as success: the reader finds nothing and waits again. poll(2) passes
    /// over a descriptor of -1.
    /// </remarks>
    private unsafe bool WaitReadable(int descriptor, int other)
    {
        var waits = stackalloc pollfd[3];
        waits[0] = new pollfd { fd = (int)handle.DangerousGetHandle(), events = POLLIN };
        waits[1] = new pollfd { fd = descriptor, events = POLLIN };
        waits[2] = new pollfd { fd = other, events = POLLIN };
        return poll(waits, 3, -1) < 0 || waits[0].revents == 0;
    }
}
