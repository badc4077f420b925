using CniTun.Daemon;
using CniTun.Linux;
using CniTun.Linux.Files;

namespace CniTun.Agent;

/// <summary>Sees to it that one agent serves a node: two would undo each other's work.</summary>
internal static class AgentLock
{
    /// <summary>Takes the lock, which the caller disposes and the kernel lets go if the process dies.</summary>
    /// <param name="stateDir">Made if missing.</param>
    /// <exception cref="OperatorException">Another process has it, which the text names.</exception>
    public static FileLock Acquire(string stateDir)
    {
        DirectoryHandle.OpenOrCreate(stateDir).Dispose();
        try
        {
            return FileLock.Acquire($"{stateDir}/agent.lock");
        }
        catch (LinuxException taken) when (taken.Errno == Errno.EAGAIN)
        {
            throw new OperatorException($"another agent uses {stateDir}: its agent.lock is {taken.KernelMessage}");
        }
    }
}
