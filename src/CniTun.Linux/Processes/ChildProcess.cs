using System.Collections;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

using static Tmds.Linux.LibC;

namespace CniTun.Linux.Processes;

/// <summary>Runs another program to its end, in the calling thread's network namespace: another plugin, never a tool.</summary>
public static unsafe partial class ChildProcess
{
    /// <summary>sizeof(posix_spawn_file_actions_t), spawn.h.</summary>
    internal const int SpawnFileActionsBytes = 80;

    private const int ReadChunkBytes = 8192;

    /// <summary>Runs a program and collects its standard output; standard error stays ours.</summary>
    /// <param name="path">The full path of an executable file.</param>
    /// <param name="environment">Added to our own environment, or in place of what it has.</param>
    /// <param name="input">The program's standard input, to its end.</param>
    /// <param name="limitBytes">Output behind this is thrown away.</param>
    /// <exception cref="LinuxException">ENOENT, EACCES, ENOEXEC: it could not be started. EMFILE, ENOMEM.</exception>
    public static ChildResult Run(string path, IReadOnlyDictionary<string, string> environment, ReadOnlySpan<byte> input, int limitBytes)
    {
        // A file in memory: whoever does not read its input keeps nobody waiting.
        using var inputFile = InputFile(input);
        var (readEnd, writeEnd) = Pipe();
        using (readEnd)
        {
            int pid;
            using (writeEnd)
            {
                pid = Spawn(path, environment, inputFile, writeEnd);
            }

            var output = ReadToEnd(readEnd, limitBytes);
            return new ChildResult(Wait(pid, path), output);
        }
    }

    private static SafeFileHandle InputFile(ReadOnlySpan<byte> input)
    {
        int descriptor;
        fixed (byte* name = "input\0"u8)
        {
            descriptor = memfd_create(name, MFD_CLOEXEC);
        }

        if (descriptor < 0)
        {
            throw new LinuxException("memfd_create", "standard input of a plugin", Libc.LastErrno);
        }

        var file = new SafeFileHandle(descriptor, ownsHandle: true);
        RandomAccess.Write(file, input, fileOffset: 0);
        return file;
    }

    private static (SafeFileHandle Read, SafeFileHandle Write) Pipe()
    {
        var ends = stackalloc int[2];
        return pipe2(ends, O_CLOEXEC) < 0
            ? throw new LinuxException("pipe2", "standard output of a plugin", Libc.LastErrno)
            : (new SafeFileHandle(ends[0], ownsHandle: true), new SafeFileHandle(ends[1], ownsHandle: true));
    }

    private static int Spawn(string path, IReadOnlyDictionary<string, string> environment, SafeFileHandle input, SafeFileHandle output)
    {
        var actions = stackalloc byte[SpawnFileActionsBytes];
        _ = posix_spawn_file_actions_init(actions);
        _ = posix_spawn_file_actions_adddup2(actions, (int)input.DangerousGetHandle(), 0);
        _ = posix_spawn_file_actions_adddup2(actions, (int)output.DangerousGetHandle(), 1);
        using var arguments = new TextArray([path]);
        using var variables = new TextArray(Merged(environment));
        try
        {
            int pid;
            var error = posix_spawn(&pid, arguments.First, actions, null, arguments.Pointers, variables.Pointers);
            return error == 0 ? pid : throw new LinuxException("exec", path, error);
        }
        finally
        {
            _ = posix_spawn_file_actions_destroy(actions);
        }
    }

    private static List<string> Merged(IReadOnlyDictionary<string, string> changes)
    {
        var merged = changes.Select(change => $"{change.Key}={change.Value}").ToList();
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            if (!changes.ContainsKey((string)variable.Key))
            {
                merged.Add($"{variable.Key}={variable.Value}");
            }
        }

        return merged;
    }

    private static byte[] ReadToEnd(SafeFileHandle pipe, int limitBytes)
    {
        using var content = new MemoryStream();
        var chunk = new byte[ReadChunkBytes];
        while (true)
        {
            long count;
            fixed (byte* bytes = chunk)
            {
                count = (long)read((int)pipe.DangerousGetHandle(), bytes, chunk.Length);
            }

            if (count < 0 && Libc.LastErrno == Errno.EINTR)
            {
                continue;
            }

            if (count <= 0)
            {
                return content.ToArray();
            }

            content.Write(chunk, 0, (int)Math.Min(count, Math.Max(0, limitBytes - content.Length)));
        }
    }

    /// <summary>Gets the exit code, or 128 and the number of the signal that ended it.</summary>
    private static int Wait(int pid, string path)
    {
        int status;
        while (waitpid(pid, &status, 0) < 0)
        {
            if (Libc.LastErrno != Errno.EINTR)
            {
                throw new LinuxException("waitpid", path, Libc.LastErrno);
            }
        }

        var signal = status & 0x7f;
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int waitpid(int pid, int* status, int options);

    [LibraryImport("libc")]
    private static partial int posix_spawn(int* pid, byte* path, byte* actions, byte* attributes, byte** arguments, byte** environment);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_init(byte* actions);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_adddup2(byte* actions, int from, int to);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_destroy(byte* actions);

    /// <summary>An array of C strings with a null behind the last, as exec wants it.</summary>
    private sealed class TextArray : IDisposable
    {
        private readonly int count;

        public TextArray(IReadOnlyList<string> texts)
        {
            count = texts.Count;
            Pointers = (byte**)NativeMemory.AllocZeroed((nuint)(count + 1), (nuint)sizeof(byte*));
            for (var i = 0; i < count; i++)
            {
                var bytes = Encoding.UTF8.GetBytes(texts[i]);
                Pointers[i] = (byte*)NativeMemory.AllocZeroed((nuint)bytes.Length + 1);
                bytes.CopyTo(new Span<byte>(Pointers[i], bytes.Length));
            }
        }

        public byte** Pointers { get; }

        public byte* First => Pointers[0];

        public void Dispose()
        {
            for (var i = 0; i < count; i++)
            {
                NativeMemory.Free(Pointers[i]);
            }

            NativeMemory.Free(Pointers);
        }
    }
}

/// <summary>How a program ended.</summary>
/// <param name="ExitCode">Its exit code; 128 and the signal's number if a signal ended it.</param>
/// <param name="Output">What it wrote to standard output.</param>
public sealed record ChildResult(int ExitCode, byte[] Output);
