using System.Text.RegularExpressions;

namespace CniTun.Endpoint.Tests;

/// <summary>
/// The published plugin on a kernel that filters VLANs, whatever the running one does: Debian's, in a virtual machine (hack/vm.sh). The tests
/// themselves are the functions of VlanKernelTests.sh, which runs there once, for all of them.
/// </summary>
[Collection(nameof(VlanMachine))]
public sealed partial class VlanKernelTests(VlanMachine machine)
{
    public static TheoryData<string> Names() =>
        [.. Function().Matches(File.ReadAllText(VlanMachine.Script).Split("# The tests")[1]).Select(match => match.Groups["name"].Value)];

    [KernelTheory]
    [MemberData(nameof(Names))]
    public void On_a_kernel_that_filters_vlans(string name) => Assert.Equal("ok", machine.ResultOf(name));

    [GeneratedRegex(@"^(?<name>\w+)\(\) \{$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Function();
}

/// <summary>One run of the machine, which takes the processors for itself.</summary>
[CollectionDefinition(nameof(VlanMachine), DisableParallelization = true)]
public sealed class VlanMachine : ICollectionFixture<VlanMachine>
{
    /// <summary>More than the machine's own limit, which ends it with its console in the answer.</summary>
    private const int LimitSeconds = 1000;

    private readonly Lazy<Answer> answer = new(() => Command.Try(
        Path.Combine(PublishedBinary.RepositoryRoot(), "hack/vm.sh"),
        [Script, PublishedBinary.Path("cnitun")],
        new Dictionary<string, string?>(StringComparer.Ordinal) { ["VM_SECONDS"] = "900" },
        timeoutSeconds: LimitSeconds));

    public static string Script => Path.Combine(PublishedBinary.RepositoryRoot(), "tests/CniTun.Endpoint.Tests/VlanKernelTests.sh");

    /// <returns>"ok", or what a test said; all that the machine said if it never came to that test.</returns>
    public string ResultOf(string name)
    {
        var results = $"\n{answer.Value.Output}";
        var failure = $"\nnot ok {name}\n";
        return results.Contains($"\nok {name}\n", StringComparison.Ordinal) ? "ok"
            : results.Split(failure) is [_, var said] ? said.Split("\nok ")[0].Split("\nnot ok ")[0]
            : answer.Value.Output + answer.Value.Error;
    }
}
