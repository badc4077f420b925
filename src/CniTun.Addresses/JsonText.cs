using System.Buffers.Text;
using System.Text;

namespace CniTun.Addresses;

/// <summary>Writes JSON (RFC 8259) as UTF-8, without white space. What is begun must be ended; a key comes with its value.</summary>
/// <remarks>
/// Not Utf8JsonWriter: its escaper marks 65,536 characters one by one when a process first uses it, 0.1 ms of each call of the plugin.
/// Escaped is what must be; what is not valid UTF-16 becomes U+FFFD.
/// </remarks>
public sealed class JsonText
{
    private const int LongestEscapeBytes = 6;
    private const int LongestNumberBytes = 11;

    private byte[] buffer = new byte[512];
    private int length;
    private bool followsValue;

    public void WriteStartObject() => Open((byte)'{');

    public void WriteStartObject(ReadOnlySpan<byte> key)
    {
        WriteKey(key);
        Open((byte)'{');
    }

    public void WriteEndObject() => Close((byte)'}');

    public void WriteStartArray(ReadOnlySpan<byte> key)
    {
        WriteKey(key);
        Open((byte)'[');
    }

    public void WriteEndArray() => Close((byte)']');

    public void WriteString(ReadOnlySpan<byte> key, string value)
    {
        WriteKey(key);
        WriteStringValue(value);
    }

    public void WriteStringValue(string value)
    {
        Separate();
        Append((byte)'"');
        foreach (var rune in value.EnumerateRunes())
        {
            Reserve(LongestEscapeBytes);
            length += Encode(rune, buffer.AsSpan(length));
        }

        Append((byte)'"');
        followsValue = true;
    }

    public void WriteNumber(ReadOnlySpan<byte> key, int value)
    {
        WriteKey(key);
        Reserve(LongestNumberBytes);
        Utf8Formatter.TryFormat(value, buffer.AsSpan(length), out var written);
        length += written;
        followsValue = true;
    }

    /// <summary>Gets what was written.</summary>
    public byte[] ToArray() => buffer[..length];

    /// <summary>Counts the bytes that a character takes within a string.</summary>
    public static int LengthOf(Rune rune) => Encode(rune, stackalloc byte[LongestEscapeBytes]);

    private static int Encode(Rune rune, Span<byte> destination)
    {
        switch (rune.Value)
        {
            case '"' or '\\':
                destination[0] = (byte)'\\';
                destination[1] = (byte)rune.Value;
                return 2;
            case < 0x20:
                "\\u00"u8.CopyTo(destination);
                destination[4] = Digit(rune.Value >> 4);
                destination[5] = Digit(rune.Value & 0xf);
                return LongestEscapeBytes;
            default:
                return rune.EncodeToUtf8(destination);
        }
    }

    private static byte Digit(int value) => "0123456789abcdef"u8[value];

    /// <summary>Keys are ours, and need no escape.</summary>
    private void WriteKey(ReadOnlySpan<byte> key)
    {
        Separate();
        Append((byte)'"');
        Reserve(key.Length);
        key.CopyTo(buffer.AsSpan(length));
        length += key.Length;
        Append((byte)'"');
        Append((byte)':');
    }

    private void Separate()
    {
        if (followsValue)
        {
            Append((byte)',');
            followsValue = false;
        }
    }

    private void Open(byte bracket)
    {
        Separate();
        Append(bracket);
    }

    private void Close(byte bracket)
    {
        Append(bracket);
        followsValue = true;
    }

    private void Append(byte value)
    {
        Reserve(1);
        buffer[length++] = value;
    }

    private void Reserve(int bytes)
    {
        if (buffer.Length - length < bytes)
        {
            Array.Resize(ref buffer, Math.Max(buffer.Length * 2, length + bytes));
        }
    }
}
