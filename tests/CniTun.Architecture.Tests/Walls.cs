namespace CniTun.Architecture.Tests;

/// <summary>
/// Which room may know which: the only place where this is written down. References point down only; a new project
/// fails the tests until it has a line here, and a new dependency until somebody argues for it.
/// </summary>
internal sealed class Walls
{
    private const string LibC = "Tmds.LibC";
    private const string Logging = "Microsoft.Extensions.Logging.Console";
    private const string LoggingAbstractions = "Microsoft.Extensions.Logging.Abstractions";
    private const string Crypto = "BouncyCastle.Cryptography";
    private const string CommandLine = "System.CommandLine";

    private readonly Dictionary<string, (string[] Rooms, string[] Packages)> allowed = new(StringComparer.Ordinal);

    /// <summary>Gets the walls of CniTun.</summary>
    public static Walls OfCniTun { get; } = new Walls()
        .Room("CniTun.Addresses", [], [])
        .Room("CniTun.Linux", ["CniTun.Addresses"], [LibC])
        .Room("CniTun.Cni", ["CniTun.Addresses"], [])
        .Room("CniTun.Uapi", ["CniTun.Addresses"], [])
        .Room("CniTun.Ipam", ["CniTun.Addresses", "CniTun.Linux"], [])
        .Room("CniTun.Tunnel", ["CniTun.Addresses", "CniTun.Linux", "CniTun.Uapi"], [])
        .Room("CniTun.Endpoint", ["CniTun.Addresses", "CniTun.Cni", "CniTun.Ipam", "CniTun.Linux"], [])
        .Room(
            "CniTun.Agent",
            ["CniTun.Addresses", "CniTun.Cni", "CniTun.Endpoint", "CniTun.Ipam", "CniTun.Kubernetes", "CniTun.Linux", "CniTun.Uapi"],
            [LoggingAbstractions, Crypto])
        .Room("cnitun", ["CniTun.Addresses", "CniTun.Cni", "CniTun.Endpoint", "CniTun.Ipam", "CniTun.Linux"], [])
        .Room("cnitun-tunnel", ["CniTun.Addresses", "CniTun.Linux", "CniTun.Tunnel", "CniTun.Uapi"], [Logging, CommandLine])
        .Room("cnitun-agent", ["CniTun.Addresses", "CniTun.Agent", "CniTun.Linux", "CniTun.Uapi"], [Logging, CommandLine])
        .Room("cnitunctl", ["CniTun.Addresses", "CniTun.Cni", "CniTun.Ipam", "CniTun.Linux", "CniTun.Uapi"], [CommandLine]);

    /// <summary>Adds a room and all that it may know; returns these walls.</summary>
    public Walls Room(string name, string[] rooms, string[] packages)
    {
        allowed.Add(name, (rooms, packages));
        return this;
    }

    /// <summary>Names every wall that a project breaks; empty if it keeps them all.</summary>
    public IReadOnlyList<string> Breaches(ProjectFile project)
    {
        if (!allowed.TryGetValue(project.Name, out var may))
        {
            return [$"{project.Name} has no line in {nameof(Walls)}: say what it may reference"];
        }

        return
        [
            .. project.References.Except(may.Rooms, StringComparer.Ordinal).Select(room => $"{project.Name} may not reference {room}"),
            .. project.Packages.Except(may.Packages, StringComparer.Ordinal).Select(package => $"{project.Name} may not use {package}"),
        ];
    }

    /// <summary>Lists all that a project reaches, through however many references: projects and packages.</summary>
    public static IReadOnlySet<string> Reach(string name, IReadOnlyDictionary<string, ProjectFile> projects)
    {
        var reached = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>([name]);
        while (open.TryPop(out var next))
        {
            var project = projects[next];
            reached.UnionWith(project.Packages);
            foreach (var reference in project.References.Where(reached.Add))
            {
                open.Push(reference);
            }
        }

        return reached;
    }
}
