using CniTun.Linux;
using Microsoft.Extensions.Logging;

namespace CniTun.Agent.Reconcilers;

/// <summary>Keeps single kernel settings, and writes only what differs: writing some has effects of its own, and /proc/sys may be read-only.</summary>
internal sealed class SysctlReconciler(ILogger logger)
{
    /// <summary>Makes a setting have a value; one that this kernel does not have (IPv6 is off) is left out.</summary>
    /// <returns>Whether it was written.</returns>
    /// <exception cref="LinuxException">EACCES: it differs, and /proc/sys is read-only.</exception>
    public bool Ensure(string name, string value)
    {
        if (Sysctl.TryRead(name) is not { } current || current == value || !Sysctl.TryWrite(name, value))
        {
            return false;
        }

        logger.SysctlWritten(name, value);
        return true;
    }
}
