using System.Runtime.InteropServices;
using System.Text;

using static CniTun.Linux.Netlink.NetlinkConstants;

namespace CniTun.Linux.Netlink;

/// <summary>
/// One netlink conversation with the kernel: a request goes out, its answer is waited for and checked.
/// </summary>
/// <remarks>
/// <para>A socket belongs for good to the network namespace in which it was opened, whatever its user does later: one opened inside
/// a pod's namespace (<see cref="Namespaces.NetworkNamespace"/>) is used from outside it.</para>
/// <para>Only messages from the kernel (port 0) with the sequence number of the request count as its answer; all else is passed over.
/// A dump that was disturbed by a change (NLM_F_DUMP_INTR) is asked for again. For one thread at a time; the caller owns it.</para>
/// </remarks>
internal sealed class NetlinkSocket : IDisposable
{
    /// <summary>Room for one request: a veth pair with all its attributes needs about 250 bytes.</summary>
    public const int RequestBytes = 4096;

    private const int DumpAttempts = 10;

    private readonly NetlinkDescriptor socket;
    private readonly Func<ushort, string> nameOf;
    private uint sequence;

    private NetlinkSocket(NetlinkDescriptor socket, Func<ushort, string> nameOf)
    {
        this.socket = socket;
        this.nameOf = nameOf;
    }

    public int Descriptor => socket.Number;

    /// <summary>How a conversation ended that did not fail.</summary>
    private enum Ending
    {
        Complete,

        /// <summary>Complete, but of things that changed meanwhile.</summary>
        Disturbed,

        /// <summary>For the reason that was expected.</summary>
        Refused,
    }

    /// <summary>Called for each message of an answer; the message is borrowed until it returns.</summary>
    public delegate void MessageHandler<TState>(NetlinkMessage message, TState state);

    /// <summary>Opens a socket in the calling thread's network namespace.</summary>
    /// <param name="protocol">NETLINK_ROUTE or another of linux/netlink.h.</param>
    /// <param name="nameOf">Names a message type in error texts.</param>
    /// <exception cref="LinuxException">EMFILE, EPROTONOSUPPORT.</exception>
    public static NetlinkSocket Open(int protocol, Func<ushort, string> nameOf) => new(NetlinkDescriptor.Open(protocol), nameOf);

    /// <summary>Sends a request that changes something and waits for its acknowledgement.</summary>
    /// <param name="request">Has NLM_F_REQUEST and NLM_F_ACK set.</param>
    /// <param name="subject">What is changed, for error texts: an interface, an address.</param>
    /// <exception cref="LinuxException">The kernel refused; its own words are in the text where it gave any.</exception>
    public void Execute(ref NetlinkWriter request, string subject) => TryExecute(ref request, subject, expected: 0);

    /// <summary>As <see cref="Execute"/>, for a request whose refusal for one reason is no error.</summary>
    /// <param name="request">Has NLM_F_REQUEST and NLM_F_ACK set.</param>
    /// <param name="subject">What is changed, for error texts.</param>
    /// <param name="expected">The error number that is none, such as ENODEV. An exception is 0.4 ms of a process that throws its first.</param>
    /// <returns>False if the kernel refused for that reason.</returns>
    public bool TryExecute(ref NetlinkWriter request, string subject, int expected) =>
        TryQuery<object?>(ref request, subject, static (_, _) => { }, state: null, expected);

    /// <summary>Sends a request without NLM_F_ACK, whose answer nobody waits for.</summary>
    public void Tell(ref NetlinkWriter request, string subject) => Send(request.Finish(), nameOf(request.Type), subject);

    /// <summary>Sends several messages in one datagram and waits until the one that asks for it is acknowledged.</summary>
    /// <param name="batch">
    /// What nfnetlink takes as one transaction; the last change, and no other message, has NLM_F_ACK set. The kernel answers in the order of the
    /// messages, and each one that it refuses; if it refuses the whole, it answers the first.
    /// </param>
    /// <param name="subjectOf">Tells what the n-th message is about, for error texts.</param>
    /// <exception cref="LinuxException">The first refusal; nothing was changed.</exception>
    public void ExecuteBatch(Span<byte> batch, Func<int, string> subjectOf)
    {
        var first = sequence + 1;
        var acknowledged = Number(batch);
        socket.Send(batch, nameOf(TypeAt(batch, 0)), subjectOf(0));
        while (true)
        {
            var reader = new NetlinkReader(socket.Receive(nameOf(TypeAt(batch, 0)), subjectOf(0)));
            while (reader.MoveNext())
            {
                var message = reader.Current;
                var index = message.Header.Sequence - first;
                if (message.Header.Type != NLMSG_ERROR || index > sequence - first)
                {
                    continue;
                }

                NetlinkVerdict.ThrowIfRefused(message, nameOf(TypeAt(batch, (int)index)), subjectOf((int)index));
                if (message.Header.Sequence == acknowledged)
                {
                    return;
                }
            }
        }
    }

    /// <summary>Sends a request, hands each message of the answer to <paramref name="onMessage"/> and returns at its end.</summary>
    /// <exception cref="LinuxException">The kernel refused, or a dump was disturbed ten times in a row (EINTR).</exception>
    /// <remarks>A disturbed dump is repeated by <see cref="Dump"/>, not here.</remarks>
    public void Query<TState>(ref NetlinkWriter request, string subject, MessageHandler<TState> onMessage, TState state) =>
        TryQuery(ref request, subject, onMessage, state, expected: 0);

    /// <summary>As <see cref="Query"/>, for a request whose refusal for one reason is no error.</summary>
    /// <returns>False if the kernel refused with the error number <paramref name="expected"/>.</returns>
    public bool TryQuery<TState>(ref NetlinkWriter request, string subject, MessageHandler<TState> onMessage, TState state, int expected) =>
        Ask(ref request, subject, onMessage, state, expected) switch
        {
            Ending.Complete => true,
            Ending.Refused => false,
            _ => throw new LinuxException(nameOf(request.Type), subject, Errno.EINTR),
        };

    /// <summary>Dumps objects into a list; begins again when the kernel says that they changed meanwhile.</summary>
    /// <param name="request">Has NLM_F_REQUEST and NLM_F_DUMP set.</param>
    /// <param name="subject">What is listed, for error texts.</param>
    /// <param name="onMessage">Adds what a message holds to the list.</param>
    /// <param name="expected">An error number that means that there is nothing to list; 0 for none.</param>
    /// <exception cref="LinuxException">EINTR: the objects changed during each of ten attempts.</exception>
    public List<T> Dump<T>(ref NetlinkWriter request, string subject, MessageHandler<List<T>> onMessage, int expected = 0)
    {
        for (var attempt = 0; attempt < DumpAttempts; attempt++)
        {
            var list = new List<T>();
            if (Ask(ref request, subject, onMessage, list, expected) != Ending.Disturbed)
            {
                return list;
            }
        }

        throw new LinuxException(nameOf(request.Type), subject, Errno.EINTR);
    }

    /// <summary>Asks a driver whether the link has a carrier: any socket will do for this question, and this one is in the right namespace.</summary>
    public unsafe bool AskForCarrier(string name)
    {
        var value = new EthtoolValue { cmd = Libc.ETHTOOL_GLINK };
        var request = new EthtoolRequest { ifr_data = (nint)(&value) };
        Encoding.UTF8.GetBytes(name, request.ifr_name);
        return Libc.ioctl(Descriptor, Libc.SIOCETHTOOL, ref request) < 0
            ? throw new LinuxException("ETHTOOL_GLINK", name, Libc.LastErrno)
            : value.data != 0;
    }

    /// <summary>Hears what the kernel tells to all who care.</summary>
    /// <param name="group">RTNLGRP_* of linux/rtnetlink.h.</param>
    public void Join(int group) => socket.SetOption(NETLINK_ADD_MEMBERSHIP, group);

    /// <summary>Hears no more of it, and forgets what it heard and did not read.</summary>
    public void Leave(int group)
    {
        socket.SetOption(NETLINK_DROP_MEMBERSHIP, group);
        while (socket.Await(milliseconds: 0))
        {
            try
            {
                _ = socket.Receive(nameof(NETLINK_DROP_MEMBERSHIP), "what was not read");
            }
            catch (LinuxException overrun) when (overrun.Errno == Errno.ENOBUFS)
            {
                // What was lost was to be forgotten, too.
            }
        }
    }

    /// <summary>Readies a request for whoever sends it in our place; the answer comes to this socket.</summary>
    public Span<byte> Prepare(ref NetlinkWriter request)
    {
        var message = request.Finish();
        Number(message);
        return message;
    }

    /// <inheritdoc cref="NetlinkDescriptor.Await"/>
    public bool Await(int milliseconds) => socket.Await(milliseconds);

    /// <summary>Reads the next datagram, whatever it is about; borrowed until the next one is read.</summary>
    /// <exception cref="LinuxException">ENOBUFS: more was told to all than the socket holds, and is lost.</exception>
    public NetlinkReader Read(string call, string subject) => new(socket.Receive(call, subject));

    /// <summary>Tells whether a message says how the latest request ended.</summary>
    public bool IsAcknowledgement(NetlinkMessage message) =>
        message.Header.Type == NLMSG_ERROR && message.Header.Sequence == sequence;

    public void Dispose() => socket.Dispose();

    private Ending Ask<TState>(ref NetlinkWriter request, string subject, MessageHandler<TState> onMessage, TState state, int expected)
    {
        var call = nameOf(request.Type);
        Send(request.Finish(), call, subject);
        var consistent = true;
        while (true)
        {
            var reader = new NetlinkReader(socket.Receive(call, subject));
            while (reader.MoveNext())
            {
                var message = reader.Current;
                if (message.Header.Sequence != sequence)
                {
                    continue;
                }

                consistent &= (message.Header.Flags & NLM_F_DUMP_INTR) == 0;
                switch (message.Header.Type)
                {
                    case NLMSG_ERROR or NLMSG_DONE:
                        if (expected != 0 && NetlinkVerdict.ErrnoOf(message) == expected)
                        {
                            return Ending.Refused;
                        }

                        NetlinkVerdict.ThrowIfRefused(message, call, subject);
                        return consistent ? Ending.Complete : Ending.Disturbed;
                    case NLMSG_NOOP or NLMSG_OVERRUN:
                        break;
                    default:
                        onMessage(message, state);
                        break;
                }
            }
        }
    }

    private void Send(Span<byte> request, string call, string subject)
    {
        Number(request);
        socket.Send(request, call, subject);
    }

    /// <summary>Gives each message the next sequence number.</summary>
    /// <returns>The number of the last message that asks for an acknowledgement.</returns>
    private uint Number(Span<byte> messages)
    {
        var acknowledged = sequence;
        while (messages.Length >= MessageHeaderBytes)
        {
            ref var header = ref MemoryMarshal.AsRef<MessageHeader>(messages);
            header.Sequence = ++sequence;
            acknowledged = (header.Flags & NLM_F_ACK) != 0 ? sequence : acknowledged;
            messages = messages[Align((int)header.Length)..];
        }

        return acknowledged;
    }

    private static ushort TypeAt(ReadOnlySpan<byte> batch, int index)
    {
        var reader = new NetlinkReader(batch);
        while (reader.MoveNext() && index-- > 0)
        {
        }

        return reader.Current.Header.Type;
    }
}
