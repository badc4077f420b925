using System.Globalization;
using System.Runtime.InteropServices;

namespace CniTun.Uapi;

/// <summary>The tunnel refused a request, or nobody answered. Match <see cref="Errno"/>, never the text.</summary>
public sealed class UapiException : IOException
{
    /// <summary>Initializes a new instance of the <see cref="UapiException"/> class.</summary>
    /// <param name="request">What was tried: "get", "set", "connect".</param>
    /// <param name="socketPath">The tunnel's socket.</param>
    /// <param name="errno">The positive error number.</param>
    /// <param name="inner">What the framework threw, or null.</param>
    public UapiException(string request, string socketPath, int errno, Exception? inner = null)
        : base(string.Create(CultureInfo.InvariantCulture, $"{request} {socketPath}: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})"), inner) =>
        Errno = errno;

    /// <summary>
    /// Gets the error number: the tunnel's own answer (EINVAL, EOPNOTSUPP, EADDRINUSE), or ENOENT and ECONNREFUSED if no
    /// tunnel is there, ETIMEDOUT if it does not answer, EPROTO if what it answers is no answer.
    /// </summary>
    public int Errno { get; }
}
