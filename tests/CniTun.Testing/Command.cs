using System.Diagnostics;
using System.Text;

namespace CniTun.Testing;

/// <summary>Runs a program to its end: what it was told, what it answered. It finds the programs of hack/programs.txt and no others.</summary>
public static class Command
{
    /// <summary>Runs a program and fails the test unless it exits with 0.</summary>
    /// <param name="program">A name of hack/programs.txt, or a full path.</param>
    /// <param name="arguments">One string an argument.</param>
    /// <returns>Its standard output.</returns>
    public static string Run(string program, params string[] arguments)
    {
        var answer = Try(program, arguments);
        return answer.ExitCode == 0
            ? answer.Output
            : throw new InvalidOperationException(
                $"{program} {string.Join(' ', arguments)} exited with {answer.ExitCode}: {answer.Error}{answer.Output}");
    }

    /// <summary>Runs a program, whatever it exits with.</summary>
    public static Answer Try(string program, params string[] arguments) => Try(program, arguments, new Dictionary<string, string?>(StringComparer.Ordinal));

    /// <summary>Runs a program with exactly this environment and standard input, whatever it exits with.</summary>
    /// <param name="program">A name of hack/programs.txt, or a full path.</param>
    /// <param name="arguments">One string an argument.</param>
    /// <param name="environment">Added to the test's own; a null value removes a variable.</param>
    /// <param name="input">Standard input; empty means end of file at once.</param>
    /// <param name="timeoutSeconds">After this the program is killed and the test fails.</param>
    public static Answer Try(
        string program,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string?> environment,
        string input = "",
        int timeoutSeconds = 60)
    {
        using var process = Start(program, arguments, environment);

        // Process leaves readers that were used open until the collector comes, which would show as leaked descriptors elsewhere.
        using var outputReader = process.StandardOutput;
        using var errorReader = process.StandardError;
        var output = outputReader.ReadToEndAsync();
        var error = errorReader.ReadToEndAsync();
        try
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The program ended without reading all of its input, as it may.
        }

        if (!process.WaitForExit(TimeSpan.FromSeconds(timeoutSeconds)))
        {
            process.Kill();
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} ran for more than {timeoutSeconds} s");
        }

        return new Answer(process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
    }

    /// <summary>Starts a program with all three standard streams redirected; the caller owns it.</summary>
    public static Process Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?> environment)
    {
        var start = new ProcessStartInfo(Programs.Find(program), arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        };
        start.Environment["PATH"] = Programs.Directory;
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
    }
}

/// <summary>How a program ended.</summary>
public sealed record Answer(int ExitCode, string Output, string Error);
