using CniTun.Linux;
using CniTun.Linux.Tuntap;
using CniTun.Tunnel.Offloading;

namespace CniTun.Tunnel.Loops;

/// <summary>All queues of one TUN: the kernel puts a flow's packets into one of them, that in which packets of the flow were written last.</summary>
internal sealed class TunQueues : IDisposable
{
    private readonly TunDevice[] queues;

    private TunQueues(TunDevice[] queues) => this.queues = queues;

    public string Name => queues[0].Name;

    public int Count => queues.Length;

    public TunDevice this[int index] => queues[index];

    /// <param name="name">As of <see cref="TunDevice.Open"/>.</param>
    /// <param name="count">At least 1.</param>
    /// <param name="offloads">What is on; a refusal is noted there.</param>
    /// <exception cref="LinuxException">As <see cref="TunDevice.Open"/>; E2BIG: more queues than the kernel gives one interface.</exception>
    public static TunQueues Open(string name, int count, Offloads offloads)
    {
        var options = TunOptions.Tun | TunOptions.VirtioHeader | (count > 1 ? TunOptions.MultiQueue : TunOptions.None);
        var opened = new List<TunDevice>();
        try
        {
            for (var i = 0; i < count; i++)
            {
                opened.Add(TunDevice.Open(i == 0 ? name : opened[0].Name, options));
            }

            if (opened[0].SetOffloads(offloads.Tun) is > 0 and var errno)
            {
                offloads.Refuse(OffloadKind.TunUso, errno);
                opened[0].SetOffloads(offloads.Tun);
            }

            return new TunQueues([.. opened]);
        }
        catch
        {
            opened.ForEach(queue => queue.Dispose());
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var queue in queues)
        {
            queue.Dispose();
        }
    }
}
