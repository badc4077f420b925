using CniTun.Linux;
using CniTun.Linux.Sockets;
using CniTun.Linux.Tuntap;

namespace CniTun.Tunnel.Loops;

/// <summary>
/// What one packet thread runs: both directions of one TUN queue and one socket, each packet from beginning to end. Sleeps while
/// there is nothing to do.
/// </summary>
internal sealed class Worker(TunDevice tun, UdpSocket socket, StopEvent stop, OutboundPump outbound, InboundPump inbound, bool spins)
{
    // So many packets of pods at once are small ones, and come faster than they are worked off.
    private const int FloodPackets = 32;

    /// <summary>Forwards until told to stop.</summary>
    /// <returns>0, or the errno of a TUN that is of no more use: EBADFD if it was deleted.</returns>
    public int Run()
    {
        var spin = new Spin(spins);
        while (!stop.IsSignaled)
        {
            var sent = outbound.Pump();
            var received = inbound.Pump();
            if (sent < 0 || received < 0)
            {
                return -Math.Min(sent, received);
            }

            if (sent + received > 0)
            {
                spin.Worked();
                if (sent >= FloodPackets)
                {
                    // Else the programs that the packets are for starve on a machine of few processors, and drop them.
                    Scheduler.Yield();
                }
            }
            else if (!spin.TryAgain())
            {
                spin.FallAsleep();
                if (!stop.WaitReadable(tun, socket))
                {
                    return 0;
                }

                spin.WakeUp();
            }
        }

        return 0;
    }
}
