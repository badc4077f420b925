using System.Numerics;
using System.Runtime.CompilerServices;

namespace CniTun.Tunnel.Peers;

/// <summary>Numbers in order, and the way to find the last one that is at most another: a guess, then three steps at most.</summary>
/// <remarks>
/// What lies between the second number and the last is cut into slots of one size, about one for each number. A slot knows
/// which number is the last at its beginning; the one that is sought is that or one of the few that lie in the slot. Where
/// too many lie in one slot, they are cut into slots of their own. So numbers that are spread evenly, as a cluster's
/// prefixes are, take one look into the slots, and crowds of them a look more, wherever they are.
/// <code>
/// numbers 0 | 100 101 | 150 | 200       slots of 32 from 100 on:   100: at 100    132: at 101    164: at 150    196: at 150
/// </code>
/// Never changes once made.
/// </remarks>
/// <typeparam name="T">uint or UInt128.</typeparam>
internal sealed class SortedNumbers<T>
    where T : struct, IBinaryInteger<T>, IMinMaxValue<T>
{
    /// <summary>As many numbers as three steps, of 4, 2 and 1, reach.</summary>
    private const int MostInSlot = 7;

    // Behind the last one: what the steps may reach there.
    private readonly T[] numbers;
    private readonly int last;
    private readonly Crowd[] crowds;

    // Of all crowds: the place of the last number at the slot's beginning, or the complement of the crowd that is in it.
    private readonly int[] slots;
    private readonly int firstStep;

    /// <param name="sorted">Ascending, no two alike, the first one 0.</param>
    public SortedNumbers(IReadOnlyList<T> sorted)
    {
        last = sorted.Count - 1;
        numbers = [.. sorted, .. Enumerable.Repeat(T.MaxValue, MostInSlot)];
        var plan = new Plan(numbers);
        plan.Cut(Math.Min(1, last), last);
        (crowds, slots) = ([.. plan.Crowds], [.. plan.Slots]);
        firstStep = plan.Fullest == 0 ? 0 : 1 << BitOperations.Log2((uint)plan.Fullest);
    }

    /// <summary>Finds the place of the last number that is at most another.</summary>
    public int LastAtMost(T number)
    {
        int at;
        for (var crowd = 0; ; crowd = ~at)
        {
            ref readonly var inside = ref crowds[crowd];
            if (!IsAtMost(inside.First, number))
            {
                return inside.Before;
            }

            at = slots[inside.SlotOf(number)];
            if (at >= 0)
            {
                break;
            }
        }

        var sorted = numbers;
        for (var step = firstStep; step > 0; step >>= 1)
        {
            at += step & -Unsafe.BitCast<bool, byte>(IsAtMost(sorted[at + step], number));
        }

        // Only the greatest number of all is not less than what fills up the end.
        return Math.Min(at, last);
    }

    /// <summary>Compares without a branch, which the framework's comparison of 128-bit numbers has.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsAtMost(T left, T right)
    {
        if (typeof(T) != typeof(UInt128))
        {
            return left <= right;
        }

        var (leftHigh, leftLow) = Halves(left);
        var (rightHigh, rightLow) = Halves(right);
        return (leftHigh < rightHigh) | ((leftHigh == rightHigh) & (leftLow <= rightLow));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (ulong High, ulong Low) Halves(T number)
    {
        var wide = Unsafe.BitCast<T, UInt128>(number);
        return ((ulong)(wide >> 64), (ulong)wide);
    }

    /// <summary>Numbers that were cut into slots together.</summary>
    /// <param name="First">The first of them, where the first slot begins.</param>
    /// <param name="Before">The place of the number before it.</param>
    /// <param name="SlotBits">A slot is 2^SlotBits wide.</param>
    /// <param name="FirstSlot">Of all slots, the first of these.</param>
    /// <param name="LastSlot">It goes on without an end.</param>
    private readonly record struct Crowd(T First, int Before, int SlotBits, int FirstSlot, int LastSlot)
    {
        /// <param name="number">At least <see cref="First"/>.</param>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int SlotOf(T number) =>
            FirstSlot + (int)Math.Min(ulong.CreateSaturating((number - First) >> SlotBits), (ulong)(LastSlot - FirstSlot));
    }

    /// <summary>The crowds and their slots while they are being made.</summary>
    private sealed class Plan(T[] numbers)
    {
        public List<Crowd> Crowds { get; } = [];

        public List<int> Slots { get; } = [];

        /// <summary>Gets the most numbers that lie in one slot and have no crowd of their own.</summary>
        public int Fullest { get; private set; }

        /// <summary>Makes a crowd of the numbers from one place to another, both included.</summary>
        /// <remarks>The first and the last number come into different slots, so that a crowd in a crowd is smaller.</remarks>
        public void Cut(int first, int last)
        {
            var span = numbers[last] - numbers[first];
            var most = BitOperations.RoundUpToPowerOf2((uint)(last - first) + 1);
            var bits = int.Max(0, span.GetShortestBitLength() - BitOperations.Log2(most));
            var count = int.CreateChecked(span >> bits) + 1;
            var firstSlot = Slots.Count;
            Crowds.Add(new Crowd(numbers[first], first - 1, bits, firstSlot, firstSlot + count - 1));
            Slots.AddRange(Enumerable.Repeat(0, count));
            for (var (slot, at) = (0, first); slot < count; slot++)
            {
                var next = at;
                while (next < last && (numbers[next + 1] - numbers[first]) >> bits == T.CreateChecked(slot))
                {
                    next++;
                }

                Slots[firstSlot + slot] = CutSlot(at, next);
                at = next < last && (numbers[next + 1] - numbers[first]) == T.CreateChecked(slot + 1) << bits ? next + 1 : next;
            }
        }

        private int CutSlot(int at, int end)
        {
            if (end - at > MostInSlot)
            {
                var crowd = Crowds.Count;
                Cut(at + 1, end);
                return ~crowd;
            }

            Fullest = int.Max(Fullest, end - at);
            return at;
        }
    }
}
