using System.Globalization;

namespace CniTun.Tunnel.Tests.Packets;

/// <summary>
/// How many inputs a fuzz test has: 200,000, or as many as CNITUN_FUZZ_INPUTS says. They depend on nothing but the seed, of which
/// the first is 1 or CNITUN_FUZZ_SEED.
/// </summary>
internal static class FuzzBudget
{
    private const int InputsEach = 1000;

    /// <summary>Feeds inputs until there were enough. A failure names the seed that leads to it.</summary>
    /// <param name="inputs">Gets the random numbers of one seed, and makes as many inputs as it likes, about 1,000.</param>
    /// <returns>How many inputs there were.</returns>
    public static long Spend(Func<Random, int, int> inputs)
    {
        var count = 0L;
        var enough = Number("CNITUN_FUZZ_INPUTS", 200_000);
        for (var seed = Number("CNITUN_FUZZ_SEED", 1); count < enough; seed++)
        {
            try
            {
                count += inputs(new Random(seed), InputsEach);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}: {e.Message}", e);
            }
        }

        return count;
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : otherwise;
}
