using Xunit;

namespace CniTun.Testing;

/// <summary>A test that needs root and /dev/net/tun, and is skipped, with the reason, where one is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class KernelFactAttribute : FactAttribute
{
    public KernelFactAttribute() => Skip = Kernel.WhyNot;
}

/// <summary>As <see cref="KernelFactAttribute"/>, for a test with data.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class KernelTheoryAttribute : TheoryAttribute
{
    public KernelTheoryAttribute() => Skip = Kernel.WhyNot;
}

/// <summary>What this machine lets a test do.</summary>
public static class Kernel
{
    /// <summary>Gets why tests of the kernel cannot run here, or null if they can.</summary>
    public static string? WhyNot { get; } =
        !string.Equals(Environment.UserName, "root", StringComparison.Ordinal) ? "needs root"
        : !File.Exists("/dev/net/tun") ? "needs /dev/net/tun"
        : null;
}
