using System.Globalization;

namespace CniTun.Architecture.Tests;

/// <summary>The build, the demo and the tests run what hack/programs.txt lists and nothing else, whatever else a machine has on its PATH.</summary>
public sealed class ProgramsTests
{
    private static IEnumerable<string> BuildSources =>
    [
        .. Repository.Files("src", "*"), .. Repository.Files("cmd", "*"),
        "Directory.Build.props", "Directory.Packages.props", "global.json", ".editorconfig", "BannedSymbols.txt",
    ];

    [Fact]
    public void A_program_that_is_not_listed_is_not_found_by_a_test()
    {
        var refused = Assert.Throws<InvalidOperationException>(() => Command.Run("clang", "--version"));

        Assert.Contains("clang is not among the programs of hack/programs.txt", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nor_by_what_a_test_starts() =>
        Assert.Equal(Programs.Directory, Command.Run("sh", "-c", "echo $PATH").TrimEnd());

    [Theory]
    [InlineData("build")]
    [InlineData("demo")]
    [InlineData("test")]
    public void A_script_that_runs_one_that_is_not_listed_for_it_says_where_to_list_it(string need)
    {
        var answer = Try($"source hack/programs.sh; programs_only {need}; no-such-program");

        Assert.Equal(127, answer.ExitCode);
        Assert.Contains("no-such-program is not among the programs of hack/programs.txt", answer.Error, StringComparison.Ordinal);
    }

    /// <summary>The demo needs less than the tests do, so less is there for it, called by a test or not.</summary>
    [Fact]
    public void A_script_sees_only_what_its_own_need_lists()
    {
        var answer = Try("source hack/programs.sh; programs_only demo; type -P ping jq gcc nft ethtool git curl");

        Assert.Equal(
            ["ping", "jq", "gcc"],
            answer.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(System.IO.Path.GetFileName));
        Assert.All(
            answer.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            path => Assert.False(File.ResolveLinkTarget(path, returnFinalTarget: false)!.FullName.StartsWith(Repository.Root, StringComparison.Ordinal)));
    }

    /// <summary>Without the package apt-utils debconf says at each installation what looks like an error.</summary>
    [KernelFact]
    public void What_is_listed_and_missing_is_installed_without_a_word_that_looks_like_an_error()
    {
        var work = Directory.CreateTempSubdirectory("cnitun-setup-").FullName;
        try
        {
            CopySources(work, [.. Repository.Files("hack", "*.sh"), "hack/programs.txt", "global.json"]);
            File.AppendAllText($"{work}/hack/programs.txt", "build  some-package  no-such-program\n");
            AddScript($"{work}/bin", "apt-get", """
                [ "$DEBCONF_NOWARNINGS" = yes ] || echo 'debconf: delaying package configuration, since apt-utils is not installed' >&2
                [ "$1" != install ] || echo "$@" >&2
                """);

            var answer = Command.Try("bash", [$"{work}/hack/setup.sh", "build"], Path($"{work}/bin:{Programs.Directory}"));

            Assert.Equal(
                "install -y -qq --no-install-recommends some-package\nsetup: still missing after the installation: some-package\n",
                answer.Error);
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    [Fact]
    public void Every_script_that_runs_on_its_own_begins_with_the_list()
    {
        var scripts = Repository.Files("hack", "*.sh").Where(path => Repository.Read(path).StartsWith("#!", StringComparison.Ordinal));

        // The one that installs them and what it calls, the one for hosts, and those that another script calls.
        string[] others = ["hack/setup.sh", "hack/vm.sh", "hack/install-host.sh", "hack/bench/cni-report.sh", "hack/bench/tunnel/report.sh", "hack/bench/tunnel/chart.sh"];

        Assert.All(
            scripts.Where(path => !others.Contains(path, StringComparer.Ordinal)),
            path => Assert.Contains("\nprograms_only ", Repository.Read(path), StringComparison.Ordinal));
    }

    [Fact]
    public void No_test_runs_beside_another() => Assert.True(
        typeof(ProgramsTests).Assembly.GetCustomAttributes(typeof(CollectionBehaviorAttribute), inherit: false)
            .Cast<CollectionBehaviorAttribute>().Single().DisableTestParallelization);

    [Fact]
    public void A_test_starts_programs_through_Command_alone() => Assert.Equal(
        ["tests/CniTun.Testing/Command.cs", "tests/CniTun.Testing/Programs.cs"],
        Repository.Files("tests", "*.cs").Where(path => Repository.Read(path).Contains("new " + "ProcessStartInfo", StringComparison.Ordinal)));

    /// <summary>
    /// A machine may have clang and llvm, whose tools the SDK prefers. They stand first on PATH here and fail. The attempt before it has no
    /// objcopy either, and leaves a linked binary that was not stripped.
    /// </summary>
    [KernelFact]
    public void A_binary_is_built_with_the_tools_that_are_named_and_after_a_build_that_failed_half_way()
    {
        var work = Directory.CreateTempSubdirectory("cnitun-build-").FullName;
        try
        {
            foreach (var tool in new[] { "clang", "clang++", "lld", "ld.lld", "ld.gold", "llvm-objcopy", "llvm-strip", "llvm-ar", "dsymutil" })
            {
                AddScript($"{work}/others", tool, "exit 1");
            }

            AddScript($"{work}/half", "objcopy", "exit 1");
            CopySources($"{work}/checkout", BuildSources);

            var half = Publish($"{work}/checkout", $"{work}/half:{work}/others:{Programs.Directory}");
            Assert.NotEqual(0, half.ExitCode);
            Assert.Contains("objcopy", half.Output, StringComparison.Ordinal);
            var whole = Publish($"{work}/checkout", $"{work}/others:{Programs.Directory}");
            Assert.True(whole.ExitCode == 0, whole.Output + whole.Error);

            var budget = Repository.Read("hack/size-budgets.txt").Split('\n').Single(line => line.StartsWith("cnitun ", StringComparison.Ordinal));
            Assert.InRange(new FileInfo($"{work}/out/cnitun").Length, 1, long.Parse(budget.Split(' ')[^1], CultureInfo.InvariantCulture));
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private static void AddScript(string directory, string name, string content)
    {
        Directory.CreateDirectory(directory);
        File.WriteAllText($"{directory}/{name}", $"#!/bin/sh\n{content}\n");
        File.SetUnixFileMode($"{directory}/{name}", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static void CopySources(string target, IEnumerable<string> files)
    {
        foreach (var file in files)
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName($"{target}/{file}")!);
            File.Copy(System.IO.Path.Combine(Repository.Root, file), $"{target}/{file}");
        }
    }

    private static Answer Publish(string checkout, string path) => Command.Try(
        "env",
        ["--chdir", checkout, "dotnet", "publish", "cmd/cnitun", "--configuration", "Release", "-m:1", "-nodeReuse:false", "--output", "../out"],
        Path(path),
        timeoutSeconds: 600);

    private static Dictionary<string, string?> Path(string path) => new(StringComparer.Ordinal) { ["PATH"] = path };

    private static Answer Try(string script) => Command.Try(
        "env", ["--chdir", Repository.Root, "bash", "-euc", script], new Dictionary<string, string?>(StringComparer.Ordinal));
}
