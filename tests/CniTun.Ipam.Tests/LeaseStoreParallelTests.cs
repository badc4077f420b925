using System.Collections.Concurrent;
using CniTun.Linux.Files;

namespace CniTun.Ipam.Tests;

/// <summary>Many owners at once. Each has opened the store for itself, as each process does: nothing but files is between them.</summary>
public sealed class LeaseStoreParallelTests : IDisposable
{
    private readonly TestStore test = new();

    public void Dispose() => test.Dispose();

    [Fact]
    public void Thirty_at_once_get_thirty_addresses_from_a_store_that_is_not_there_yet()
    {
        var set = TestStore.Set("10.1.0.0/27", last: "10.1.0.30");
        var six = TestStore.Set("fd00::/64");
        Directory.Delete($"{test.Root}/{TestStore.Network}", recursive: true);
        var addresses = new ConcurrentBag<string>();

        AtOnce(29, pod =>
        {
            addresses.Add(test.MustAdd(pod, set));
            addresses.Add(test.MustAdd(pod, six));
        });

        Assert.Equal(2 * 29, addresses.Distinct().Count());
        Assert.Null(test.Add(100, set));
        Assert.Equal(30, test.LeasedBits(set.Ranges[0]));

        AtOnce(29, pod =>
        {
            using var store = LeaseStore.TryOpen(test.Root, TestStore.Network);
            store!.Release(TestStore.Pod(pod));
        });

        using var after = LeaseStore.Open(test.Root, TestStore.Network);
        after.Release(TestStore.Pod(100));
        test.AssertNothingLeft();
    }

    [Fact]
    public void A_release_that_is_repeated_at_the_same_time_never_frees_the_next_owners_address()
    {
        const int Rounds = 3000;
        var set = TestStore.Set("10.1.0.0/30");
        for (var round = 0; round < Rounds; round++)
        {
            test.MustAdd(1, set);
            AtOnce(4, thread =>
            {
                using var store = LeaseStore.Open(test.Root, TestStore.Network);
                if (thread == 0)
                {
                    store.Begin(TestStore.Pod(2));
                    while (store.Allocate(TestStore.Pod(2), "/run/netns/pod-2", set) is null)
                    {
                        // Until one of the releases has freed it.
                    }
                }
                else
                {
                    store.Release(TestStore.Pod(1));
                }
            });

            Assert.Single(test.Store.Find(TestStore.Pod(2)));
            test.Store.Release(TestStore.Pod(2));
        }
    }

    [Fact]
    public void No_address_is_ever_leased_twice()
    {
        const int Threads = 8;
        const int Steps = 400;
        var set = TestStore.Set("10.1.0.0/27");
        var owners = new ConcurrentDictionary<string, int>(StringComparer.Ordinal);

        AtOnce(Threads, thread =>
        {
            using var store = LeaseStore.Open(test.Root, TestStore.Network);
            var random = new Random(thread);
            var mine = new List<(int Pod, string Address)>();
            for (var step = 0; step < Steps; step++)
            {
                if (mine.Count < 5 && random.Next(2) == 0)
                {
                    var pod = (thread * Steps) + step;
                    store.Begin(TestStore.Pod(pod));
                    if (store.Allocate(TestStore.Pod(pod), "/n", set) is { } lease)
                    {
                        var address = lease.Address.Address.ToString();
                        Assert.True(owners.TryAdd(address, pod), $"{address} is leased to pods {owners[address]} and {pod}");
                        mine.Add((pod, address));
                        continue;
                    }

                    store.Release(TestStore.Pod(pod));
                }

                if (mine.Count > 0)
                {
                    var (pod, address) = mine[random.Next(mine.Count)];
                    mine.Remove((pod, address));
                    Assert.True(owners.TryRemove(address, out _));
                    store.Release(TestStore.Pod(pod));
                }
            }

            foreach (var (pod, address) in mine)
            {
                Assert.True(owners.TryRemove(address, out _));
                store.Release(TestStore.Pod(pod));
            }
        });

        Assert.Empty(owners);
        test.AssertNothingLeft();
        Assert.Equal(29, test.Fill(set).Count);
    }

    [Fact]
    public void Addresses_freed_behind_the_maps_back_are_found_by_all_who_look_at_once()
    {
        var set = TestStore.Set("10.1.0.0/28");
        test.Fill(set);
        var full = File.ReadAllBytes($"{test.Pools}/{set.Ranges[0]}");
        ReleaseAll();

        AtOnce(8, rounds: 200, before: () => File.WriteAllBytes($"{test.Pools}/{set.Ranges[0]}", full), after: ReleaseAll, action: pod =>
        {
            test.Store.Begin(TestStore.Pod(pod));
            Assert.NotNull(test.Store.Allocate(TestStore.Pod(pod), "/n", set));
        });
    }

    [Fact]
    public void One_attachment_may_be_released_and_looked_at_by_several_at_once()
    {
        var set = TestStore.Set("10.1.0.0/24");
        AtOnce(4, rounds: 500, before: () => test.MustAdd(1, set), after: test.AssertNothingLeft, action: who =>
        {
            if (who == 0)
            {
                test.Store.Find(TestStore.Pod(1));
            }
            else
            {
                test.Store.Release(TestStore.Pod(1));
            }
        });
    }

    [Fact]
    public void A_map_that_several_make_at_once_is_one_map_and_loses_no_mark()
    {
        const int Processes = 8;
        var range = TestStore.Set("10.1.0.0/24").Ranges[0];
        using var directory = DirectoryHandle.OpenOrCreate(test.Pools);

        AtOnce(
            Processes,
            rounds: 500,
            before: () => File.Delete($"{test.Pools}/{range}"),
            after: () => Assert.Equal(Processes, test.LeasedBits(range)),
            action: offset =>
            {
                using var map = FreeMap.OpenOrCreate(directory, range, () => []);
                map.MarkLeased(offset, moveCursor: false);
            });
    }

    /// <summary>Runs an action on threads that begin together, and fails with the first failure of any.</summary>
    private static void AtOnce(int count, Action<int> action) => AtOnce(count, rounds: 1, () => { }, action, () => { });

    /// <summary>Runs rounds of it: in each, all threads begin together when one of them has prepared it, and one looks at the outcome.</summary>
    private static void AtOnce(int count, int rounds, Action before, Action<int> action, Action after)
    {
        var failures = new ConcurrentQueue<Exception>();
        using var start = new Barrier(count, _ => Guarded(before));
        using var end = new Barrier(count, _ => Guarded(after));
        var threads = Enumerable.Range(0, count).Select(number => new Thread(() =>
        {
            for (var round = 0; round < rounds; round++)
            {
                start.SignalAndWait();
                Guarded(() => action(number));
                end.SignalAndWait();
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        if (failures.TryDequeue(out var first))
        {
            throw new InvalidOperationException(first.Message, first);
        }

        void Guarded(Action step)
        {
            try
            {
                step();
            }
            catch (Exception failure)
            {
                failures.Enqueue(failure);
            }
        }
    }

    private void ReleaseAll()
    {
        foreach (var attachment in test.Store.Attachments())
        {
            test.Store.Release(attachment);
        }

        test.AssertNothingLeft();
    }
}
