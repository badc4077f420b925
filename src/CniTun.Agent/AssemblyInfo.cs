using System.Runtime.InteropServices;

// Our only native library is the C library, which every binary of ours binds at link time.
[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
