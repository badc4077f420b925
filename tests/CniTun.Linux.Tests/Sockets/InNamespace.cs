using System.Globalization;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace CniTun.Linux.Tests;

/// <summary>Runs code on a thread of its own inside a test's namespace.</summary>
internal static partial class InNamespace
{
    private const int CLONE_NEWNET = 0x40000000;

    public static T Run<T>(TestNamespace space, Func<T> action)
    {
        T? result = default;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var file = File.OpenHandle(space.Path);
                if (setns((int)file.DangerousGetHandle(), CLONE_NEWNET) != 0)
                {
                    throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"setns {space.Path}: errno {Marshal.GetLastPInvokeError()}"));
                }

                result = action();
            }
            catch (Exception e)
            {
                failure = e;
            }
        });
        thread.Start();
        thread.Join();
        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        return result!;
    }

    [LibraryImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int setns(int fd, int nstype);
}
