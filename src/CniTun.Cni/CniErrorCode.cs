namespace CniTun.Cni;

/// <summary>Why a command failed, for the runtime to act on.</summary>
/// <remarks>
/// Below 100: CNI specification 1.1.0, "Error". From 100: ours, described in docs/cni.md. 999 means a bug of ours.
/// </remarks>
public enum CniErrorCode
{
    None = 0,
    IncompatibleVersion = 1,
    UnsupportedField = 2,
    UnknownContainer = 3,
    InvalidEnvironment = 4,
    IoFailure = 5,
    DecodingFailure = 6,
    InvalidNetworkConfig = 7,
    TryAgainLater = 11,
    PluginNotAvailable = 50,
    LimitedConnectivity = 51,

    /// <summary>The kernel refused an interface, an address or a route.</summary>
    KernelRefused = 100,

    /// <summary>Every address of a range set is leased.</summary>
    AddressPoolExhausted = 101,

    /// <summary>The lease directory cannot be read or written.</summary>
    LeaseStoreFailed = 102,

    /// <summary>The container has an interface of that name already.</summary>
    InterfaceExists = 103,

    /// <summary>CHECK found the container's network not as ADD left it.</summary>
    NotAsExpected = 104,

    Internal = 999,
}
