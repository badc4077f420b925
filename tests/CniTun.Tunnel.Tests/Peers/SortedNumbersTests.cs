using CniTun.Tunnel.Peers;
using CsCheck;

namespace CniTun.Tunnel.Tests.Peers;

public sealed class SortedNumbersTests
{
    // Crowds at any distance from each other, down to neighbours, and at both ends.
    private static readonly Gen<UInt128> Numbers = Gen.Select(Gen.ULong, Gen.ULong[0, 40], Gen.Int[0, 120], Gen.Int[0, 3], (any, few, shift, kind) => kind switch
    {
        0 => new UInt128(any, any),
        1 => (UInt128)few << shift,
        2 => ((UInt128)(any & 1) << 100) + few,
        _ => UInt128.MaxValue - few,
    });

    [Fact]
    public void The_last_number_that_is_at_most_another_is_found_as_a_linear_search_says() =>
        Gen.Select(Numbers.Array[0, 300], Numbers.Array[50]).Sample((numbers, others) =>
        {
            Check([.. numbers], [.. others]);
            Check([.. numbers.Select(number => (uint)number)], [.. others.Select(number => (uint)number)]);
        }, iter: 2000);

    [Fact]
    public void One_number_is_enough() => Assert.Equal(0, new SortedNumbers<uint>([0]).LastAtMost(uint.MaxValue));

    [Fact]
    public void Powers_of_two_which_crowd_at_every_scale_are_told_apart() =>
        Check([.. Enumerable.Range(0, 128).Select(bit => UInt128.One << bit)], []);

    private static void Check<T>(T[] numbers, T[] others)
        where T : struct, System.Numerics.IBinaryInteger<T>, System.Numerics.IMinMaxValue<T>
    {
        var sorted = numbers.Append(T.Zero).Distinct().Order().ToArray();
        var found = new SortedNumbers<T>(sorted);
        foreach (var number in others.Concat(sorted).SelectMany(number => new[] { number, unchecked(number - T.One), unchecked(number + T.One) }))
        {
            Assert.Equal(Array.FindLastIndex(sorted, other => other <= number), found.LastAtMost(number));
        }
    }
}
