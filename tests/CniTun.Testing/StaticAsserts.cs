using System.Globalization;
using System.Text;

namespace CniTun.Testing;

/// <summary>
/// Holds our struct layouts and constants against the system's headers: collects C <c>_Static_assert</c>s and has gcc judge them.
/// </summary>
public sealed class StaticAsserts(params string[] headers)
{
    private readonly StringBuilder source = new();

    /// <summary>Asserts that a constant has our value in the headers.</summary>
    public StaticAsserts Constant(string name, long value) => Expression(string.Create(CultureInfo.InvariantCulture, $"({name}) == {value}"));

    /// <summary>Asserts that a macro has our value in the headers, if they are new enough to know it.</summary>
    public StaticAsserts ConstantIfKnown(string name, long value)
    {
        source.Append(CultureInfo.InvariantCulture, $"#ifdef {name}\n");
        Constant(name, value);
        source.Append("#endif\n");
        return this;
    }

    /// <summary>Asserts the size in bytes of a C type.</summary>
    public StaticAsserts Size(string type, int bytes) => Expression(string.Create(CultureInfo.InvariantCulture, $"sizeof({type}) == {bytes}"));

    /// <summary>Asserts the offset in bytes of a field of a C type.</summary>
    public StaticAsserts Offset(string type, string field, long bytes) =>
        Expression(string.Create(CultureInfo.InvariantCulture, $"offsetof({type}, {field}) == {bytes}"));

    /// <summary>Asserts a C expression.</summary>
    public StaticAsserts Expression(string expression)
    {
        source.Append(CultureInfo.InvariantCulture, $"_Static_assert({expression}, \"{expression.Replace("\"", "\\\"", StringComparison.Ordinal)}\");\n");
        return this;
    }

    /// <summary>Compiles what was collected; the failure names each assertion that the headers deny.</summary>
    public void Verify()
    {
        var includes = string.Concat(headers.Select(header => $"#include <{header}>\n"));
        var answer = Command.Try(
            "gcc",
            ["-std=gnu11", "-fsyntax-only", "-x", "c", "-"],
            new Dictionary<string, string?>(StringComparer.Ordinal),
            $"#define _GNU_SOURCE\n#include <stddef.h>\n{includes}{source}");
        if (answer.ExitCode != 0)
        {
            throw new InvalidOperationException(answer.Error);
        }
    }
}
