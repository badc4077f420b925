using CniTun.Daemon;

namespace CniTun.Agent.Tests;

public sealed class AgentLockTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("cnitun-test-").FullName;

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Fact]
    public void A_second_agent_is_refused_by_the_first_ones_process_id()
    {
        using var first = AgentLock.Acquire(root);

        var refusal = Assert.Throws<OperatorException>(() => AgentLock.Acquire(root));

        Assert.Equal($"another agent uses {root}: its agent.lock is held by process {Environment.ProcessId}", refusal.Message);
    }
}
