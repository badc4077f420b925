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
        var written = Answer(Full, version);

        var read = Read(written);

        // What a version leaves out is lost; what it has must survive being read and written again.
        Assert.Equal(written, Answer(read, version));
        Assert.Equal(Full.Ips.Select(ip => (ip.Address, ip.Gateway)), read.Ips.Select(ip => (ip.Address, ip.Gateway)));
        Assert.Equal(Full.Routes.Select(route => route.Destination), read.Routes.Select(route => route.Destination));
        Assert.Equal(Facts(Full.Dns!), Facts(read.Dns!));
    }

    [Fact]
    public void The_newest_version_loses_nothing()
    {
        var read = Read(Answer(Full, "1.1.0"));

        Assert.Equal(Full.Interfaces.Select(Facts), read.Interfaces.Select(Facts));
        Assert.Equal(Full.Ips.Select(Facts), read.Ips.Select(Facts));
        Assert.Equal(Full.Routes.Select(Facts), read.Routes.Select(Facts));
    }

    [Theory]
    [InlineData("""{"ips":[{"address":"10.1.0.5"}]}""", "$.ips[0].address")]
    [InlineData("""{"ips":[{"address":"10.1.0.5/33"}]}""", "$.ips[0].address")]
    [InlineData("""{"ips":[{"address":"010.1.0.5/24"}]}""", "$.ips[0].address")]
    [InlineData("""{"ips":[{"gateway":"10.1.0.1"}]}""", "$.ips[0]")]
    [InlineData("""{"ips":[null]}""", "$.ips[0]")]
    [InlineData("""{"ips":{}}""", "$.ips")]
    [InlineData("""{"routes":[{"gw":"10.1.0.1"}]}""", "$.routes[0]")]
    [InlineData("""{"routes":[{"dst":"10.1.0.0/16","gw":"fd00::1"}]}""", "$.routes[0]")]
    [InlineData("""{"routes":[{"dst":"10.1.0.0/16","mtu":-1}]}""", "$.routes[0].mtu")]
    [InlineData("""{"routes":[{"dst":"10.1.0.0/16","mtu":1e99}]}""", "$.routes[0].mtu")]
    [InlineData("""{"interfaces":[{"mac":"00:11:22:33:44:55"}]}""", "$.interfaces[0]")]
    [InlineData("""{"ip4":{"gateway":"10.1.0.1"}}""", "$.ip4")]
    [InlineData("""{"ips":[],"IPs":[{"Address":"10.1.0.5/33"}]}""", "$.IPs[0].Address")]
    public void A_result_that_lacks_facts_is_refused_by_the_path_of_its_mistake(string json, string path)
    {
        var refused = Assert.Throws<JsonFormException>(() => Read(json));

        Assert.Contains(path, refused.Message, StringComparison.Ordinal);
    }

    /// <summary>What Go's encoding/json makes of these, read by the structures of the reference library.</summary>
    [Theory]
    [InlineData("""{"IPS":[{"Address":"10.1.0.5/24","GATEWAY":"10.1.0.1"}]}""", "10.1.0.5/24 via 10.1.0.1")]
    [InlineData("""{"ips":[{"address":"10.1.0.5/24","address":"10.1.0.6/24"}]}""", "10.1.0.6/24 via ")]
    [InlineData("""{"ips":[{"address":"10.1.0.5/24","Address":"10.1.0.6/24"}]}""", "10.1.0.6/24 via ")]
    [InlineData("""{"ips":[{"Address":"10.1.0.6/24","address":"10.1.0.5/24","address":null}]}""", "10.1.0.5/24 via ")]
    [InlineData("""{"ips":[{"address":"10.1.0.5/24"}],"IPs":[{"address":"10.1.0.6/24"}]}""", "10.1.0.6/24 via ")]
    [InlineData("""{"ips":[{"address":"10.1.0.5/24"}],"IPs":[]}""", "")]
    [InlineData("""{"ips":[{"address":"10.1.0.5/24"}],"IPs":null}""", "")]
    public void Keys_are_read_in_any_case_and_the_last_of_several_wins(string json, string ips) =>
        Assert.Equal(ips, string.Join(';', Read(json).Ips.Select(ip => $"{ip.Address} via {ip.Gateway}")));

    [Fact]
    public void A_section_that_stands_twice_is_read_over_what_the_first_said()
    {
        var dns = Read("""{"dns":{"domain":"a","search":["b"],"nameservers":["c"]},"DNS":{"Search":["d"],"domain":null,"nameservers":null}}""").Dns!;

        Assert.Equal(("a", "d", true), (dns.Domain, Assert.Single(dns.Search!), dns.Nameservers is null));
    }

    [Fact]
    public void Keys_that_we_do_not_know_are_passed_over()
    {
        var result = Read("""{"cniVersion":"1.1.0","more":[{"a":{"b":[1,2]}}],"interfaces":[{"name":"eth0","more":null}]}""");

        Assert.Equal("eth0", Assert.Single(result.Interfaces).Name);
    }

    [Fact]
    public void A_route_by_way_of_a_gateway_keeps_all_else()
    {
        var route = Full.Routes[1];
        var gateway = IpAddress.Parse("fd00:1::2");

        Assert.Equal(Facts(route) with { Gateway = gateway }, Facts(route.Via(gateway)));
    }

    private static CniResult Read(string json)
    {
        var cursor = new JsonCursor(System.Text.Encoding.UTF8.GetBytes(json), "the result");
        return ResultReader.Read(ref cursor);
    }

    private static string Answer(CniResult result, string version)
    {
        var call = Call.WithVersion(version);
        return new Call { Commands = new FakeCommands { Result = result }, Input = call.Input }.RunToSuccess();
    }

    private static (string Name, string? Mac, int? Mtu, string? Sandbox) Facts(CniInterface link) =>
        (link.Name, link.Mac, link.Mtu, link.Sandbox);

    private static (int? Interface, Cidr Address, IpAddress? Gateway) Facts(CniAddress ip) =>
        (ip.Interface, ip.Address, ip.Gateway);

    private static RouteFacts Facts(CniRoute route) =>
        new(route.Destination, route.Gateway, route.Mtu, route.AdvertisedMss, route.Priority, route.Table, route.Scope);

    private static string Facts(CniDns dns) =>
        string.Join(';', string.Join(',', dns.Nameservers!), dns.Domain, string.Join(',', dns.Search!), string.Join(',', dns.Options!));

    private sealed record RouteFacts(
        Cidr Destination, IpAddress? Gateway, int? Mtu, int? AdvertisedMss, int? Priority, int? Table, int? Scope);
}
