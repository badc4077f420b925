namespace CniTun.Architecture.Tests;

/// <summary>
/// Which room may know which: the only place where this is written down. References point down only; a new project
/// fails the tests until it has a line here, and a new dependency until somebody argues for it. What is no longer needed
/// is no longer allowed.
/// </summary>
internal sealed class Walls
{
    private const string LibC = "Tmds.LibC";
    private const string Logging = "Microsoft.Extensions.Logging.Console";
    private const string LoggingAbstractions = "Microsoft.Extensions.Logging.Abstractions";
    private const string CommandLine = "System.CommandLine";
    private const string Crypto = "BouncyCastle.Cryptography";

    private readonly Dictionary<string, (string[] Rooms, string[] Packages)> allowed = new(StringComparer.Ordinal);

    /// <summary>Gets the walls of CniTun.</summary>
    public static Walls OfCniTun { get; } = new Walls()
        .Room("CniTun.Addresses", [], [])
        .Room("CniTun.Linux", ["CniTun.Addresses"], [LibC])
        .Room("CniTun.Cni", ["CniTun.Addresses"], [])
        .Room("CniTun.Uapi", ["CniTun.Addresses"], [])
        .Room("CniTun.Ipam", ["CniTun.Addresses", "CniTun.Linux"], [])
        .Room("CniTun.Daemon", ["CniTun.Linux"], [Logging])
        .Room("CniTun.Tunnel", ["CniTun.Addresses", "CniTun.Linux", "CniTun.Uapi"], [])
        .Room("CniTun.Endpoint", ["CniTun.Addresses", "CniTun.Cni", "CniTun.Ipam", "CniTun.Linux"], [])
        .Room("CniTun.Agent", ["CniTun.Addresses", "CniTun.Daemon", "CniTun.Linux", "CniTun.Uapi"], [LoggingAbstractions, Crypto])
        .Room("cnitun", ["CniTun.Cni", "CniTun.Endpoint"], [])
        .Room("cnitun-tunnel", ["CniTun.Daemon", "CniTun.Tunnel"], [LoggingAbstractions])
        .Room("cnitun-agent", ["CniTun.Agent", "CniTun.Daemon"], [])
        .Room("cnitunctl", ["CniTun.Addresses", "CniTun.Ipam", "CniTun.Linux", "CniTun.Uapi"], [CommandLine]);

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

    /// <summary>Names every door that nobody uses: what a project may reference or use and does not, and rooms that are gone.</summary>
    public IReadOnlyList<string> Unused(IReadOnlyDictionary<string, ProjectFile> projects)
    {
        var unused = new List<string>();
        foreach (var (name, (rooms, packages)) in allowed)
        {
            if (projects.TryGetValue(name, out var project))
            {
                unused.AddRange(rooms.Except(project.References, StringComparer.Ordinal).Select(room => $"{name} does not reference {room}"));
                unused.AddRange(packages.Except(project.Packages, StringComparer.Ordinal).Select(package => $"{name} does not use {package}"));
            }
            else
            {
                unused.Add($"there is no {name}");
            }
        }

        return unused;
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
