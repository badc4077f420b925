using CniTun.Cni;

namespace CniTun.Endpoint.Tests;

public sealed class DiagnosticsTests
{
    private const string TraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    [Fact]
    public void A_line_names_the_attachment_and_carries_the_trace()
    {
        var lines = new List<string>();

        new Diagnostics(Arguments(TraceParent), logFile: null, lines.Add).Write("text");

        Assert.Equal($"cnitun ADD pod/eth0 traceparent={TraceParent}: text", Assert.Single(lines));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("not a trace\nparent")]
    public void Without_a_usable_trace_the_line_has_none(string? traceParent)
    {
        var lines = new List<string>();

        new Diagnostics(Arguments(traceParent), logFile: null, lines.Add).Write("text");

        Assert.Equal("cnitun ADD pod/eth0: text", Assert.Single(lines));
    }

    [Fact]
    public void Lines_go_to_the_file_that_is_named_and_elsewhere_only_if_it_cannot_be_written()
    {
        var directory = Directory.CreateTempSubdirectory("cnitun-test-log-").FullName;
        var lines = new List<string>();
        try
        {
            var diagnostics = new Diagnostics(Arguments(null), $"{directory}/log", lines.Add);
            diagnostics.Write("one");
            diagnostics.Write("two");
            new Diagnostics(Arguments(null), $"{directory}/missing/log", lines.Add).Write("three");

            Assert.Equal("cnitun ADD pod/eth0: one\ncnitun ADD pod/eth0: two\n", File.ReadAllText($"{directory}/log"));
            Assert.Equal("cnitun ADD pod/eth0: three", Assert.Single(lines));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static CniArguments Arguments(string? traceParent) => CniArguments.Read(name => name switch
    {
        "CNI_COMMAND" => "ADD",
        "CNI_CONTAINERID" => "pod",
        "CNI_NETNS" => "/run/netns/pod",
        "CNI_IFNAME" => "eth0",
        "TRACEPARENT" => traceParent,
        _ => null,
    });
}
