using System.Text;
using CniTun.Cni;
using CniTun.Linux;
using CniTun.Linux.Files;

namespace CniTun.Endpoint.Configuration;

/// <summary>Reads a file of the form of resolv.conf(5), for the key <c>ipam.resolvConf</c>.</summary>
internal static class ResolverFile
{
    private const int LargestBytes = 1024 * 1024;

    /// <exception cref="CniException">Code 7: it cannot be read.</exception>
    public static CniDns Read(string path)
    {
        try
        {
            // The file may be a device or a pipe, which must neither hang us nor fill our memory.
            var content = DirectoryHandle.TryReadFile(path, LargestBytes + 1) ?? throw Unreadable(path, "it is not there", null);
            return content.Length <= LargestBytes
                ? Parse(Encoding.UTF8.GetString(content))
                : throw Unreadable(path, "it is longer than 1 MiB", null);
        }
        catch (LinuxException failure)
        {
            throw Unreadable(path, failure.Message, failure);
        }
    }

    internal static CniDns Parse(string text)
    {
        var nameservers = new List<string>();
        var options = new List<string>();
        string? domain = null;
        var search = new List<string>();
        foreach (var line in text.Split('\n'))
        {
            var words = line.Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            switch (words)
            {
                case ["nameserver", var address, ..]:
                    nameservers.Add(address);
                    break;
                case ["domain", var name, ..]:
                    domain = name;
                    break;
                case ["search", .. var names]:
                    search.AddRange(names);
                    break;
                case ["options", .. var names]:
                    options.AddRange(names);
                    break;
            }
        }

        return new CniDns { Nameservers = nameservers, Domain = domain, Search = search, Options = options };
    }

    private static CniException Unreadable(string path, string why, Exception? cause) => new(
        CniErrorCode.InvalidNetworkConfig,
        $"ipam.resolvConf {path} cannot be read: {why}",
        "give the path of a file such as /etc/resolv.conf, or remove the key",
        cause);
}
