using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace CniTun.Linux.Tuntap;

/// <summary><c>struct ifreq</c> (linux/if.h) with the one member of its union that TUNSETIFF uses.</summary>
[StructLayout(LayoutKind.Sequential, Size = 40)]
internal struct InterfaceRequest
{
    /// <summary>Bytes of a name including its NUL.</summary>
    public const int IFNAMSIZ = 16;

    public NameBytes ifr_name;
    public short ifr_flags;

    [InlineArray(IFNAMSIZ)]
    internal struct NameBytes
    {
        private byte first;
    }

    public string Name
    {
        readonly get
        {
            ReadOnlySpan<byte> bytes = ifr_name;
            var end = bytes.IndexOf((byte)0);
            return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
        }

        set
        {
            Span<byte> bytes = ifr_name;
            bytes.Clear();
            Encoding.UTF8.GetBytes(value, bytes[..(IFNAMSIZ - 1)]);
        }
    }
}
