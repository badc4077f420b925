using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

using static CniTun.Linux.Netlink.NetlinkConstants;
using static CniTun.Linux.Netlink.TrafficControlConstants;

namespace CniTun.Linux.Netlink;

/// <summary>A token bucket: how fast bytes leave a link in the long run, and how many may leave at once.</summary>
/// <param name="BytesPerSecond">With the Ethernet header, without preamble and gap, as the kernel counts them.</param>
/// <param name="BurstBytes">The bucket's depth: at least as many as the longest packet has.</param>
/// <param name="LimitBytes">How many may wait; 0 to leave it to <see cref="TrafficControl.Shape"/>, which then only compares rate and burst.</param>
public readonly record struct TokenBucket(ulong BytesPerSecond, uint BurstBytes, uint LimitBytes);

/// <summary>How fast the links of one namespace send, and where they pass on what they receive.</summary>
public sealed class TrafficControl
{
    private readonly NetlinkSocket socket;

    internal TrafficControl(NetlinkSocket socket) => this.socket = socket;

    /// <summary>Makes a link send no faster than a token bucket allows, in place of the queueing that it has.</summary>
    /// <exception cref="LinuxException">ENOENT: no sch_tbf in this kernel. EINVAL: the burst is smaller than a packet can be.</exception>
    public void Shape(Link link, TokenBucket bucket)
    {
        var request = ShapeRequest(stackalloc byte[NetlinkSocket.RequestBytes], link.Index, bucket);
        socket.Execute(ref request, link.Name);
    }

    /// <summary>Passes all that a link receives on to another one, which sends it.</summary>
    /// <remarks>The way to shape what comes in: an IFB sends it back into the stack, as if received by the first link.</remarks>
    /// <exception cref="LinuxException">ENOENT: no sch_ingress, cls_u32 or act_mirred in this kernel. EEXIST: it has an ingress queue.</exception>
    public void Redirect(Link from, Link to)
    {
        var ingress = IngressRequest(stackalloc byte[NetlinkSocket.RequestBytes], from.Index);
        socket.Execute(ref ingress, from.Name);
        var filter = RedirectRequest(stackalloc byte[NetlinkSocket.RequestBytes], from.Index, to.Index);
        socket.Execute(ref filter, $"{from.Name} to {to.Name}");
    }

    /// <summary>Reads the token bucket of a link; null if it queues in another way.</summary>
    public TokenBucket? FindBucket(Link link)
    {
        var request = Begin(stackalloc byte[NetlinkSocket.RequestBytes], RTM_GETQDISC, NLM_F_DUMP, new TrafficHeader { Index = link.Index });
        return socket.Dump<(int Index, TokenBucket Bucket)>(ref request, $"queues of {link.Name}", static (message, list) =>
        {
            if (ReadBucket(message) is { } bucket)
            {
                list.Add((message.Fixed<TrafficHeader>().Index, bucket));
            }
        }).Find(found => found.Index == link.Index) is { Index: > 0 } root ? root.Bucket : null;
    }

    /// <summary>Tells whether a link passes on what it receives to another one.</summary>
    public bool Redirects(Link from, Link to)
    {
        var request = Begin(
            stackalloc byte[NetlinkSocket.RequestBytes],
            RTM_GETTFILTER,
            NLM_F_DUMP,
            new TrafficHeader { Index = from.Index, Parent = IngressHandle });
        return socket.Dump<int>(
            ref request,
            $"filters of {from.Name}",
            static (message, list) => CollectTargets(message.After<TrafficHeader>(), list),
            Errno.EINVAL).Contains(to.Index);
    }

    internal static NetlinkWriter ShapeRequest(Span<byte> buffer, int index, TokenBucket bucket)
    {
        var message = Begin(
            buffer,
            RTM_NEWQDISC,
            NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE,
            new TrafficHeader { Index = index, Parent = TC_H_ROOT, Handle = 1 << 16 });
        message.Attribute(TCA_KIND, "tbf");
        var options = message.Begin(TCA_OPTIONS | NLA_F_NESTED);
        {
            // The rate stands in 32 bits where it fits, and in 64 beside that where it does not.
            var parameters = new TokenBucketParameters
            {
                Rate = new RateParameters
                {
                    LinkLayer = TC_LINKLAYER_ETHERNET,
                    BytesPerSecond = (uint)Math.Min(bucket.BytesPerSecond, uint.MaxValue),
                },
                LimitBytes = bucket.LimitBytes,
            };
            message.Attribute(TCA_TBF_PARMS, MemoryMarshal.AsBytes(new ReadOnlySpan<TokenBucketParameters>(in parameters)));
            message.Attribute(TCA_TBF_BURST, bucket.BurstBytes);
            if (bucket.BytesPerSecond > uint.MaxValue)
            {
                var rate = bucket.BytesPerSecond;
                message.Attribute(TCA_TBF_RATE64, MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in rate)));
            }
        }

        message.End(options);
        return message;
    }

    internal static NetlinkWriter IngressRequest(Span<byte> buffer, int index)
    {
        var message = Begin(
            buffer,
            RTM_NEWQDISC,
            NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
            new TrafficHeader { Index = index, Parent = TC_H_INGRESS, Handle = IngressHandle });
        message.Attribute(TCA_KIND, "ingress");
        return message;
    }

    /// <summary>A filter that takes every packet: 32 bits of which none is looked at.</summary>
    internal static NetlinkWriter RedirectRequest(Span<byte> buffer, int fromIndex, int toIndex)
    {
        var message = Begin(
            buffer,
            RTM_NEWTFILTER,
            NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
            new TrafficHeader { Index = fromIndex, Parent = IngressHandle, Info = (1 << 16) | AllProtocolsInNetworkOrder });
        message.Attribute(TCA_KIND, "u32");
        var options = message.Begin(TCA_OPTIONS | NLA_F_NESTED);
        {
            var selector = new AnySelector { Flags = TC_U32_TERMINAL, Keys = 1 };
            message.Attribute(TCA_U32_SEL, MemoryMarshal.AsBytes(new ReadOnlySpan<AnySelector>(in selector)));
            var actions = message.Begin(TCA_U32_ACT | NLA_F_NESTED);
            {
                var action = message.Begin(FirstAction | NLA_F_NESTED);
                {
                    message.Attribute(TCA_ACT_KIND, "mirred");
                    var data = message.Begin(TCA_ACT_OPTIONS | NLA_F_NESTED);
                    {
                        var redirect = new MirrorParameters { Action = TC_ACT_STOLEN, Direction = TCA_EGRESS_REDIR, Index = toIndex };
                        message.Attribute(TCA_MIRRED_PARMS, MemoryMarshal.AsBytes(new ReadOnlySpan<MirrorParameters>(in redirect)));
                    }

                    message.End(data);
                }

                message.End(action);
            }

            message.End(actions);
        }

        message.End(options);
        return message;
    }

    /// <summary>Reads an RTM_NEWQDISC message; null if it is about another way to queue.</summary>
    internal static TokenBucket? ReadBucket(NetlinkMessage message)
    {
        var isBucket = false;
        TokenBucket bucket = default;
        var attributes = message.After<TrafficHeader>();
        while (attributes.MoveNext())
        {
            if (attributes.Type == TCA_KIND)
            {
                isBucket = string.Equals(attributes.String, "tbf", StringComparison.Ordinal);
            }
            else if (attributes.Type == TCA_OPTIONS && isBucket)
            {
                bucket = ReadParameters(attributes.Nested);
            }
        }

        return isBucket ? bucket : null;
    }

    private static TokenBucket ReadParameters(NetlinkAttributes options)
    {
        TokenBucketParameters parameters = default;
        ulong rate = 0;
        while (options.MoveNext())
        {
            if (options.Type == TCA_TBF_PARMS && options.Value.Length >= Unsafe.SizeOf<TokenBucketParameters>())
            {
                parameters = MemoryMarshal.Read<TokenBucketParameters>(options.Value);
            }
            else if (options.Type == TCA_TBF_RATE64 && options.Value.Length >= sizeof(ulong))
            {
                rate = MemoryMarshal.Read<ulong>(options.Value);
            }
        }

        rate = rate == 0 ? parameters.Rate.BytesPerSecond : rate;

        // The kernel tells the bucket's depth as the time that it takes to fill, in ticks of 64 ns.
        var burst = (parameters.BufferTicks * TickNanoseconds * (UInt128)rate) / 1_000_000_000;
        return new TokenBucket(rate, (uint)UInt128.Min(burst, uint.MaxValue), parameters.LimitBytes);
    }

    /// <summary>Finds the links that the actions of a filter name, however deep they lie.</summary>
    private static void CollectTargets(NetlinkAttributes filter, List<int> targets)
    {
        while (filter.MoveNext())
        {
            if (filter.Type != TCA_OPTIONS)
            {
                continue;
            }

            var options = filter.Nested;
            while (options.MoveNext())
            {
                if (options.Type == TCA_U32_ACT)
                {
                    CollectActions(options.Nested, targets);
                }
            }
        }
    }

    private static void CollectActions(NetlinkAttributes actions, List<int> targets)
    {
        while (actions.MoveNext())
        {
            var action = actions.Nested;
            while (action.MoveNext())
            {
                if (action.Type != TCA_ACT_OPTIONS)
                {
                    continue;
                }

                var data = action.Nested;
                while (data.MoveNext())
                {
                    if (data.Type == TCA_MIRRED_PARMS && data.Value.Length >= Unsafe.SizeOf<MirrorParameters>())
                    {
                        targets.Add(MemoryMarshal.Read<MirrorParameters>(data.Value).Index);
                    }
                }
            }
        }
    }

    private static NetlinkWriter Begin(Span<byte> buffer, ushort type, ushort flags, TrafficHeader header)
    {
        var message = new NetlinkWriter(buffer, type, (ushort)(NLM_F_REQUEST | flags));
        message.Append(header);
        return message;
    }
}
