namespace CniTun.Endpoint.Tests;

public sealed class VlanTests
{
    /// <summary>Where the kernel filters VLANs the port carries them; where it does not, ADD says so and leaves nothing.</summary>
    [KernelTheory]
    [InlineData("""{ "vlan": 100 }""", "100")]
    [InlineData("""{ "vlanTrunk": [{ "id": 7 }, { "minID": 200, "maxID": 202 }] }""", "201")]
    [InlineData("""{ "vlan": 100, "preserveDefaultVlan": false }""", "100")]
    public void A_port_carries_its_vlans_or_the_kernels_lack_is_named(string keys, string vlan)
    {
        using var node = new Node();
        using var pod = new Pod();

        var answer = node.Call("ADD", pod.ContainerId, pod.Path, node.Config(keys));

        if (answer.ExitCode == 0)
        {
            Assert.Contains(vlan, node.Try("bridge", "vlan", "show").Output, StringComparison.Ordinal);
            node.Del(pod, node.Config(keys));
        }
        else
        {
            Assert.Contains("CONFIG_BRIDGE_VLAN_FILTERING", Node.Text(answer), StringComparison.Ordinal);
        }

        node.AssertNothingLeft();
    }
}
