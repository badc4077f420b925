namespace CniTun.Tunnel.Loops;
public sealed class Offloads
{
    public bool UdpSegmentation { get; private set; } = true;
    public void Refuse(string name, int errno) => UdpSegmentation = false;
}
