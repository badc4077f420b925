using System.Text;
using CniTun.Linux.Buffers;
using Microsoft.Win32.SafeHandles;

using static Tmds.Linux.LibC;

namespace CniTun.Linux.Tuntap;

/// <summary>
/// A TUN or TAP interface and the descriptor that its packets are read from and written to. The interface lives as long as
/// this object, which the caller owns and disposes when no thread is inside <see cref="Read"/> or <see cref="Write"/>.
/// </summary>
public sealed class TunDevice : IDisposable
{
    private const string ControlFile = "/dev/net/tun";
    private readonly SafeFileHandle handle;

    private TunDevice(SafeFileHandle handle, string name)
    {
        this.handle = handle;
        Name = name;
        Descriptor = (int)handle.DangerousGetHandle();
    }

    /// <summary>Gets the interface's name; the kernel's choice if "%d" was asked for.</summary>
    public string Name { get; }

    /// <summary>Gets the descriptor, to wait on.</summary>
    internal int Descriptor { get; }

    /// <summary>Creates the interface in the calling thread's network namespace, or attaches to it if it exists and nobody holds it.</summary>
    /// <param name="name">At most 15 bytes of UTF-8 (IFNAMSIZ without its NUL).</param>
    /// <param name="options">
    /// The descriptor never blocks and carries no packet information header, whatever they say. With
    /// <see cref="TunOptions.MultiQueue"/> each call by the same name adds a queue.
    /// </param>
    /// <exception cref="LinuxException">
    /// ENOENT: no /dev/net/tun. EPERM: no CAP_NET_ADMIN. EBUSY: another process holds the interface.
    /// EINVAL: an interface of that name is of another kind. ENAMETOOLONG.
    /// </exception>
    public static TunDevice Open(string name, TunOptions options)
    {
        if (Encoding.UTF8.GetByteCount(name) >= InterfaceRequest.IFNAMSIZ)
        {
            throw new LinuxException("TUNSETIFF", name, Errno.ENAMETOOLONG);
        }

        var opened = OpenControlFile();
        var request = new InterfaceRequest { Name = name, ifr_flags = (short)((short)options | Libc.IFF_NO_PI) };
        if (Libc.ioctl((int)opened.DangerousGetHandle(), Libc.TUNSETIFF, ref request) < 0)
        {
            var errno = Libc.LastErrno;
            opened.Dispose();
            throw new LinuxException("TUNSETIFF", name, errno);
        }

        return new TunDevice(opened, request.Name);
    }

    /// <summary>Reads one packet that the kernel routed into the interface.</summary>
    /// <param name="packet">A packet that is longer than this loses its end.</param>
    /// <returns>
    /// Its length, or a negated errno. EAGAIN: none waits. EBADFD: the interface was deleted, for good.
    /// </returns>
    public unsafe int Read(Span<byte> packet)
    {
        fixed (byte* bytes = packet)
        {
            var length = read(Descriptor, bytes, packet.Length);
            return length >= 0 ? (int)length : -Libc.LastErrno;
        }
    }

    /// <summary>Says what the reader does itself. All queues of a device share it; the last caller wins.</summary>
    /// <returns>0, or an errno. EINVAL: this kernel does not know one of them, and nothing was changed.</returns>
    public int SetOffloads(TunOffloads offloads) =>
        Libc.ioctl(Descriptor, Libc.TUNSETOFFLOAD, (nuint)offloads) == 0 ? 0 : Libc.LastErrno;

    /// <summary>Hands one packet to the kernel as if it had arrived on the interface.</summary>
    /// <returns>
    /// Its length, or a negated errno. EIO: the interface is down. EINVAL: no IP packet. EBADFD: the interface was deleted.
    /// </returns>
    public unsafe int Write(ReadOnlySpan<byte> packet)
    {
        fixed (byte* bytes = packet)
        {
            var length = write(Descriptor, bytes, packet.Length);
            return length >= 0 ? (int)length : -Libc.LastErrno;
        }
    }

    /// <summary>Hands one packet to the kernel that lies in several pieces, the virtio header being the first of them if there is one.</summary>
    /// <returns>As <see cref="Write(ReadOnlySpan{byte})"/>. EINVAL also for a kind of merged packet that this kernel does not know.</returns>
    public int Write(PieceList pieces)
    {
        var length = Libc.writev(Descriptor, pieces.Address, pieces.Count);
        return length >= 0 ? (int)length : -Libc.LastErrno;
    }

    /// <summary>Closes the descriptor; the interface vanishes with it unless someone made it persistent.</summary>
    public void Dispose() => handle.Dispose();

    private static unsafe SafeFileHandle OpenControlFile()
    {
        fixed (byte* path = "/dev/net/tun\0"u8)
        {
            var descriptor = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK, default);
            return descriptor >= 0
                ? new SafeFileHandle(descriptor, ownsHandle: true)
                : throw new LinuxException("open", ControlFile, Libc.LastErrno);
        }
    }
}
