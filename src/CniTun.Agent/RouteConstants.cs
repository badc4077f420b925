namespace CniTun.Agent;

/// <summary>Numbers of linux/rtnetlink.h that tell routes apart, and one of our own.</summary>
internal static class RouteConstants
{
    /// <summary>Ours: what marks a route as made by the agent (RTPROT_*; the kernel and the known daemons use others).</summary>
    public const byte RTPROT_CNITUN = 199;

    public const uint RT_TABLE_MAIN = 254;
    public const byte RTN_UNICAST = 1;
    public const byte RTN_UNREACHABLE = 7;
}
