namespace CniTun.Ipam.Tests;

/// <summary>
/// What a process leaves when it is killed between any two steps of a lease or a release: note, claim, bit set; bit clear, claim gone,
/// note gone, directory gone.
/// </summary>
public sealed class LeaseStoreCrashTests : IDisposable
{
    private readonly TestStore test = new();
    private readonly RangeSet set = TestStore.Set("10.1.0.0/29");

    public enum KilledAfter
    {
        Begin,
        Note,
        Claim,
        Map,
        BitCleared,
        ClaimDeleted,
        NoteDeleted,
    }

    public static TheoryData<KilledAfter> Steps => [.. Enum.GetValues<KilledAfter>()];

    public void Dispose() => test.Dispose();

    [Theory]
    [MemberData(nameof(Steps))]
    public void A_release_leaves_nothing_and_every_address_can_be_leased(KilledAfter step)
    {
        Leave(step);

        test.Store.Release(TestStore.Pod(1));

        test.AssertNothingLeft();
        Assert.Equal(5, test.Fill(set, firstPod: 10).Count);
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public void Only_a_claim_is_a_lease(KilledAfter step)
    {
        Leave(step);

        var claimed = step is KilledAfter.Claim or KilledAfter.Map or KilledAfter.BitCleared;

        Assert.Equal(claimed ? ["10.1.0.2"] : [], test.Store.Find(TestStore.Pod(1)).Select(lease => lease.Address.Address.ToString()));
        Assert.Equal(claimed ? 1 : 0, test.Store.List().Count);
        Assert.Equal([TestStore.Pod(1)], test.Store.Attachments());
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public void Others_lease_every_address_that_is_not_claimed_and_no_other(KilledAfter step)
    {
        Leave(step);
        var claimed = test.Store.List().Count;

        var others = test.Fill(set, firstPod: 10);

        Assert.Equal(5 - claimed, others.Count);
        Assert.Equal(others.Count, others.Distinct().Count());
        Assert.Equal(claimed == 0, others.Contains("10.1.0.2"));

        // And the one who was killed takes nothing away from them.
        test.Store.Release(TestStore.Pod(1));
        Assert.Equal(others.Count, test.Store.List().Count);
        Assert.All(Enumerable.Range(10, others.Count), pod => Assert.Single(test.Store.Find(TestStore.Pod(pod))));
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public void Trying_again_gives_one_address_that_one_release_frees(KilledAfter step)
    {
        Leave(step);

        test.MustAdd(1, set);

        Assert.Single(test.Store.Find(TestStore.Pod(1)));
        Assert.Single(test.Store.List());
        test.Store.Release(TestStore.Pod(1));
        test.AssertNothingLeft();
    }

    [Fact]
    public void Trying_again_at_the_very_address_of_a_lost_note_replaces_the_note()
    {
        Leave(KilledAfter.Note);

        Assert.Equal("10.1.0.2", test.MustAdd(1, set));

        Assert.Single(test.Store.Find(TestStore.Pod(1)));
    }

    [Fact]
    public void A_note_whose_address_belongs_to_another_by_now_frees_nothing()
    {
        Leave(KilledAfter.Note);
        Assert.Equal("10.1.0.2", test.MustAdd(2, set));

        Assert.Empty(test.Store.Find(TestStore.Pod(1)));
        Assert.Equal("10.1.0.3", test.MustAdd(1, set));
        test.Store.Release(TestStore.Pod(1));

        Assert.Equal(TestStore.Pod(2), Assert.Single(test.Store.List()).Attachment);
        Assert.Single(test.Store.Find(TestStore.Pod(2)));
        Assert.Equal([TestStore.Pod(2)], test.Store.Attachments());
    }

    /// <summary>Leaves what pod 1 would, killed after a step of leasing or releasing 10.1.0.2.</summary>
    private void Leave(KilledAfter step)
    {
        const string Address = "10.1.0.2";
        var pod = TestStore.Pod(1);
        test.Store.Begin(pod);
        if (step == KilledAfter.Begin)
        {
            return;
        }

        var map = $"{test.Pools}/{set.Ranges[0]}";
        using (FreeMap.OpenOrCreate(Handle(), set.Ranges[0], () => [0]))
        {
            // As it was before the lease.
        }

        var fresh = File.ReadAllBytes(map);
        Assert.Equal(Address, test.MustAdd(1, set));
        switch (step)
        {
            case KilledAfter.Note:
                File.Delete($"{test.Addresses}/{Address}");
                File.WriteAllBytes(map, fresh);
                break;
            case KilledAfter.Claim:
                File.WriteAllBytes(map, fresh);
                break;
            case KilledAfter.BitCleared:
                ClearBits(map, fresh);
                break;
            case KilledAfter.ClaimDeleted:
                ClearBits(map, fresh);
                File.Delete($"{test.Addresses}/{Address}");
                break;
            case KilledAfter.NoteDeleted:
                ClearBits(map, fresh);
                File.Delete($"{test.Addresses}/{Address}");
                File.Delete($"{test.Attachments}/pod-1:eth0/{Address}");
                break;
            default:
                break;
        }
    }

    /// <summary>The bits as before the lease, the cursor as after it.</summary>
    private static void ClearBits(string map, byte[] fresh)
    {
        const int BitsAt = 2 * sizeof(long);
        var content = File.ReadAllBytes(map);
        fresh.AsSpan(BitsAt).CopyTo(content.AsSpan(BitsAt));
        File.WriteAllBytes(map, content);
    }

    private Linux.Files.DirectoryHandle Handle() => Linux.Files.DirectoryHandle.OpenOrCreate(test.Pools);
}
