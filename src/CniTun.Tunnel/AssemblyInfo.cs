using System.Runtime.Versioning;

// TUN devices and file modes: there is no other system.
[assembly: SupportedOSPlatform("linux")]
