namespace CniTun.Tunnel.Paths;

/// <summary>How much is known of the path to a peer.</summary>
public enum PathState
{
    /// <summary>Nothing was tried yet.</summary>
    Unknown,

    /// <summary>The peer does not answer probes: it is down, or no CniTun. The path MTU is the local route's, or what was last measured.</summary>
    Unanswered,

    /// <summary>The peer answers, and the largest size that passes is being looked for.</summary>
    Searching,

    /// <summary>The path MTU was measured.</summary>
    Complete,
}

/// <summary>What the states are called outside.</summary>
public static class PathStates
{
    /// <summary>Gets the state's name, as scripts know it.</summary>
    public static string Name(PathState state) => state switch
    {
        PathState.Unanswered => "unanswered",
        PathState.Searching => "searching",
        PathState.Complete => "complete",
        _ => "unknown",
    };
}
