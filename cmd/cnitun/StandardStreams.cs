using System.Text;
using CniTun.Cni;
using Tmds.Linux;

using static Tmds.Linux.LibC;

namespace CniTun.Plugin;

/// <summary>Standard input, output and error as plain descriptors: System.Console would cost a third of the plugin's start.</summary>
internal static class StandardStreams
{
    /// <summary>Far above any real configuration; a GC call that lists 10,000 attachments has about 1 MB.</summary>
    private const int LargestInputBytes = 4 * 1024 * 1024;

    /// <summary>Reads standard input to its end.</summary>
    /// <exception cref="CniException">Code 7: more than 4 MiB. Code 5: it cannot be read.</exception>
    public static ReadOnlyMemory<byte> ReadInput()
    {
        var buffer = new byte[8192];
        var length = 0;
        while (Read(buffer.AsSpan(length)) is > 0 and var count)
        {
            length += count;
            if (length > LargestInputBytes)
            {
                throw new CniException(
                    CniErrorCode.InvalidNetworkConfig,
                    $"the network configuration is longer than {LargestInputBytes} bytes",
                    "shorten it");
            }

            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, buffer.Length * 2);
            }
        }

        return buffer.AsMemory(0, length);
    }

    /// <summary>Writes an answer that nothing depends on: when the runtime stopped listening, there is nobody left to tell.</summary>
    public static void WriteOutput(ReadOnlySpan<byte> output) => _ = Write(1, output);

    /// <summary>Writes the result of ADD.</summary>
    /// <exception cref="CniException">Code 5: not all of it could be written.</exception>
    public static void WriteResult(ReadOnlyMemory<byte> result)
    {
        if (Write(1, result.Span) is var error and not 0)
        {
            throw new CniException(CniErrorCode.IoFailure, $"standard output cannot be written: errno {error}", "read the result to its end");
        }
    }

    /// <summary>Writes a line for whoever debugs.</summary>
    public static void WriteError(string line) => _ = Write(2, Encoding.UTF8.GetBytes(line + '\n'));

    private static unsafe int Read(Span<byte> buffer)
    {
        while (true)
        {
            nint count;
            fixed (byte* bytes = buffer)
            {
                count = (nint)read(0, bytes, buffer.Length);
            }

            if (count >= 0)
            {
                return (int)count;
            }

            if (errno != EINTR)
            {
                throw new CniException(CniErrorCode.IoFailure, $"standard input cannot be read: errno {errno}", "pass the configuration there");
            }
        }
    }

    /// <summary>Writes all of it, however long that takes.</summary>
    /// <returns>0, or the error number because of which not all of it is written.</returns>
    private static unsafe int Write(int descriptor, ReadOnlySpan<byte> rest)
    {
        while (!rest.IsEmpty)
        {
            nint count;
            fixed (byte* bytes = rest)
            {
                count = (nint)write(descriptor, bytes, rest.Length);
            }

            if (count < 0 && errno == EAGAIN)
            {
                var room = new pollfd { fd = descriptor, events = POLLOUT };
                _ = poll(&room, 1, -1);
            }
            else if (count < 0 && errno != EINTR)
            {
                return errno;
            }

            rest = rest[(int)Math.Max(count, 0)..];
        }

        return 0;
    }
}
