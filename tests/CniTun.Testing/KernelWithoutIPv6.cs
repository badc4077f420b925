using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace CniTun.Testing;

/// <summary>A thread that lives on a kernel without IPv6, as do the threads that it starts: socket(AF_INET6) is EAFNOSUPPORT there (seccomp(2)).</summary>
public static partial class KernelWithoutIPv6
{
    private const int PR_SET_SECCOMP = 22;
    private const int SECCOMP_MODE_FILTER = 2;

    // Where struct seccomp_data has the number of the call and the lower half of its first argument (linux/seccomp.h).
    private const int NumberOffset = 0;
    private const int FirstArgumentOffset = 16;
    private const int SYS_socket = 41;
    private const int AF_INET6 = 10;
    private const uint SECCOMP_RET_ALLOW = 0x7fff0000;
    private const uint SECCOMP_RET_ERRNO = 0x00050000;
    private const int EAFNOSUPPORT = 97;

    // BPF_LD | BPF_W | BPF_ABS, BPF_JMP | BPF_JEQ | BPF_K, BPF_RET | BPF_K of linux/bpf_common.h.
    private const ushort Load = 0x20;
    private const ushort JumpUnlessEqual = 0x15;
    private const ushort Return = 0x06;

    /// <summary>Runs code on such a thread. It must not use the thread pool, whose threads would stay without IPv6.</summary>
    public static T Run<T>(Func<T> action)
    {
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Forbid();
                result = action();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }

    private static unsafe void Forbid()
    {
        var filter = stackalloc Instruction[]
        {
            new(Load, 0, NumberOffset),
            new(JumpUnlessEqual, 3, SYS_socket),
            new(Load, 0, FirstArgumentOffset),
            new(JumpUnlessEqual, 1, AF_INET6),
            new(Return, 0, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
            new(Return, 0, SECCOMP_RET_ALLOW),
        };
        var program = new Program { Length = 6, Filter = filter };
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, (nint)(&program), 0, 0) != 0)
        {
            throw new InvalidOperationException($"PR_SET_SECCOMP: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int prctl(int option, nint argument2, nint argument3, nint argument4, nint argument5);

    /// <summary><c>struct sock_filter</c> (linux/filter.h).</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Instruction(ushort code, byte skip, uint value)
    {
        private readonly ushort code = code;
        private readonly byte ifTrue = 0;
        private readonly byte ifFalse = skip;
        private readonly uint value = value;
    }

    /// <summary><c>struct sock_fprog</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private unsafe struct Program
    {
        public ushort Length;
        public Instruction* Filter;
    }
}
