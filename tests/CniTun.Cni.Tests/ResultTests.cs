using System.Text.Json;
using CniTun.Addresses;

namespace CniTun.Cni.Tests;

public sealed class ResultTests
{
    public static TheoryData<string> Versions => [.. CniVersions.Supported];

    /// <summary>Everything that a result can say.</summary>
    private static CniResult Full => new()
    {
        Interfaces =
        [
            new CniInterface { Name = "cni0", Mac = "00:11:22:33:44:55", Mtu = 1450 },
            new CniInterface { Name = "vethabcdef01", Mac = "00:11:22:33:44:66", Mtu = 1450 },
            new CniInterface { Name = "eth0", Mac = "00:11:22:33:44:77", Mtu = 1450, Sandbox = "/run/netns/pod-1" },
        ],
        Ips =
        [
            new CniAddress { Interface = 2, Address = Cidr.Parse("10.1.0.5/24"), Gateway = IpAddress.Parse("10.1.0.1") },
            new CniAddress { Interface = 2, Address = Cidr.Parse("fd00:1::5/64"), Gateway = IpAddress.Parse("fd00:1::1") },
        ],
        Routes =
        [
            new CniRoute { Destination = Cidr.Parse("0.0.0.0/0") },
            new CniRoute
            {
                Destination = Cidr.Parse("fd00:2::/48"),
                Gateway = IpAddress.Parse("fd00:1::1"),
                Mtu = 1400,
                AdvertisedMss = 1340,
                Priority = 100,
                Table = 50,
                Scope = 0,
            },
        ],
        Dns = new CniDns
        {
            Nameservers = ["10.96.0.10", "fd00:96::a"],
            Domain = "cluster.local",
            Search = ["default.svc.cluster.local"],
            Options = ["ndots:5"],
        },
    };

    [Theory]
    [MemberData(nameof(Versions))]
    public void A_result_has_the_form_of_the_version_that_was_spoken(string version) =>
        Snapshot.Match(Answer(Full, version), version);

    [Theory]
    [MemberData(nameof(Versions))]
    public void A_result_that_the_runtime_hands_back_says_what_ADD_said(string version)
    {
        Assert.True(CniVersions.TryParse(version, out var spoken));
        var expected = Full.For(spoken);

        var read = JsonSerializer.Deserialize(Answer(Full, version), CniJson.Default.CniResult)!;

        Assert.Equal(version, read.CniVersion);
        Assert.Equal(expected.Interfaces!.Select(Facts), read.Interfaces!.Select(Facts));
        Assert.Equal(expected.Ips!.Select(Facts), read.Ips!.Select(Facts));
        Assert.Equal(expected.Routes!.Select(Facts), read.Routes!.Select(Facts));
        Assert.Equal(Facts(expected.Dns!), Facts(read.Dns!));
        Assert.Equal(expected.ToJson(), read.ToJson());
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void What_was_not_made_is_left_out(string version) =>
        Assert.Equal($$"""{"cniVersion":"{{version}}"}""", Answer(new CniResult(), version));

    [Theory]
    [InlineData("""{"ips":[{"address":"10.1.0.5"}]}""")]
    [InlineData("""{"ips":[{"address":"10.1.0.5/33"}]}""")]
    [InlineData("""{"ips":[{"address":"010.1.0.5/24"}]}""")]
    [InlineData("""{"ips":[{"gateway":"10.1.0.1"}]}""")]
    [InlineData("""{"routes":[{"gw":"10.1.0.1"}]}""")]
    [InlineData("""{"interfaces":[{"mac":"00:11:22:33:44:55"}]}""")]
    [InlineData("""{"cniVersion":"1.0.0","cniVersion":"1.1.0"}""")]
    public void A_result_that_lacks_facts_or_says_them_twice_is_not_read(string json) =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize(json, CniJson.Default.CniResult));

    [Fact]
    public void Keys_that_we_do_not_know_are_passed_over()
    {
        const string Json = """{"cniVersion":"1.1.0","interfaces":[{"name":"eth0","pciID":"0000:00:1f.6","socketPath":"/s"}],"more":{}}""";

        var result = JsonSerializer.Deserialize(Json, CniJson.Default.CniResult)!;

        Assert.Equal("eth0", Assert.Single(result.Interfaces!).Name);
    }

    [Fact]
    public void A_route_by_way_of_a_gateway_keeps_all_else()
    {
        var route = Full.Routes![1];
        var gateway = IpAddress.Parse("fd00:1::2");

        Assert.Equal(Facts(route) with { Gateway = gateway }, Facts(route.Via(gateway)));
    }

    private static string Answer(CniResult result, string version)
    {
        var call = Call.WithVersion(version);
        return new Call { Commands = new FakeCommands { Result = result }, Input = call.Input }.RunToSuccess();
    }

    private static (string Name, string? Mac, int? Mtu, string? Sandbox) Facts(CniInterface link) =>
        (link.Name, link.Mac, link.Mtu, link.Sandbox);

    private static (string? Version, int? Interface, Cidr Address, IpAddress? Gateway) Facts(CniAddress ip) =>
        (ip.Version, ip.Interface, ip.Address, ip.Gateway);

    private static RouteFacts Facts(CniRoute route) =>
        new(route.Destination, route.Gateway, route.Mtu, route.AdvertisedMss, route.Priority, route.Table, route.Scope);

    private static string Facts(CniDns dns) =>
        string.Join(';', string.Join(',', dns.Nameservers!), dns.Domain, string.Join(',', dns.Search!), string.Join(',', dns.Options!));

    private sealed record RouteFacts(
        Cidr Destination, IpAddress? Gateway, int? Mtu, int? AdvertisedMss, int? Priority, int? Table, int? Scope);
}
