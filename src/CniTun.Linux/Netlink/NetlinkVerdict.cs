using System.Runtime.InteropServices;

using static CniTun.Linux.Netlink.NetlinkConstants;

namespace CniTun.Linux.Netlink;

/// <summary>Reads how the kernel says that a request ended: <c>struct nlmsgerr</c>, or the number that ends a dump; both begin with a negative errno or 0.</summary>
internal static class NetlinkVerdict
{
    /// <param name="message">NLMSG_ERROR or NLMSG_DONE.</param>
    /// <param name="call">What was asked, for the error.</param>
    /// <param name="subject">Of what it was asked.</param>
    /// <exception cref="LinuxException">The errno, with the kernel's own words if it gave any.</exception>
    public static void ThrowIfRefused(NetlinkMessage message, string call, string subject)
    {
        var errno = ErrnoOf(message);
        if (errno == 0)
        {
            return;
        }

        throw new LinuxException(call, subject, errno, KernelMessage(message));
    }

    /// <summary>Gets the positive error number; 0 for success.</summary>
    public static int ErrnoOf(NetlinkMessage message) => -message.Fixed<int>();

    private static string? KernelMessage(NetlinkMessage message)
    {
        if ((message.Header.Flags & NLM_F_ACK_TLVS) == 0)
        {
            return null;
        }

        // Behind the error stands the header of the request (NETLINK_CAP_ACK keeps its payload away), then the attributes.
        var skip = message.Header.Type == NLMSG_DONE ? sizeof(int) : sizeof(int) + MessageHeaderBytes;
        if ((message.Header.Flags & NLM_F_CAPPED) == 0 && message.Header.Type == NLMSG_ERROR && message.Payload.Length >= skip)
        {
            skip = sizeof(int) + Align((int)Math.Min(MemoryMarshal.Read<uint>(message.Payload[sizeof(int)..]), (uint)message.Payload.Length));
        }

        var attributes = new NetlinkAttributes(message.Payload[Math.Min(skip, message.Payload.Length)..]);
        while (attributes.MoveNext())
        {
            if (attributes.Type == NLMSGERR_ATTR_MSG)
            {
                return attributes.String;
            }
        }

        return null;
    }
}
