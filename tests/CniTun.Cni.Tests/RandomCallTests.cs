using System.Text;
using System.Text.Json;

namespace CniTun.Cni.Tests;

/// <summary>Nothing that a caller can say makes the dispatcher throw, or answer with anything but one JSON object or nothing.</summary>
public sealed class RandomCallTests
{
    private const int Rounds = 20_000;

    private static readonly string[] Commands = ["ADD", "DEL", "CHECK", "VERSION", "ADD", "GC", ""];

    private static readonly string?[] Oddities =
        [null, "", ".", "..", "a/b", "eth0\0", "é", "🧭", "\ud800", "\udfff\ud800", "\u0001", "\"", "\\", "\u2028", new('ü', 3000)];

    private static readonly string[] Fragments =
        ["{", "}", "[", "]", "\"", ",", ":", "\\", "\\ud800", "\\u", "null", "1e999", "\0", "\ufeff", "//", "name", "cniVersion", "\u00e9"];

    private static readonly byte[] Configuration = Encoding.UTF8.GetBytes(
        """
        {"cniVersion":"1.0.0","name":"net","type":"cnitun","bridge":"cni0","mtu":1450,"isGateway":true,
         "ipam":{"type":"cnitun","ranges":[[{"subnet":"10.1.0.0/24"}],[{"subnet":"fd00::/64"}]],"routes":[{"dst":"0.0.0.0/0"}]},
         "dns":{"nameservers":["10.96.0.10"]},"text":"n\u0065t\n\"é\""}
        """);

    [Fact]
    public void Nothing_makes_it_throw_or_answer_out_of_form()
    {
        var random = new Random(20260);
        for (var round = 0; round < Rounds; round++)
        {
            var call = RandomCall(random);

            var answer = call.Run();

            var text = $"round {round}: {Encoding.UTF8.GetString(answer.Output.Span)}";
            if (answer.ExitCode == 0)
            {
                Assert.True(answer.Output.IsEmpty || IsObject(answer.Output), text);
                continue;
            }

            var code = call.RunToFailure().Code;
            Assert.True(answer.ExitCode == 1 && answer.Output.Length <= 2048, text);
            Assert.True(code != (int)CniErrorCode.Internal || call.Commands.Failure is not null, text);
        }
    }

    private static Call RandomCall(Random random)
    {
        var call = new Call(Commands[random.Next(Commands.Length)])
        {
            Commands = random.Next(4) == 0 ? new FakeCommands { Failure = RandomFailure(random) } : new FakeCommands(),
        };
        if (random.Next(4) == 0)
        {
            var names = call.Environment.Keys.ToArray();
            call.Environment[names[random.Next(names.Length)]] = Oddities[random.Next(Oddities.Length)];
        }

        call.Input = Mutated(random, Configuration);
        return call;
    }

    private static Exception RandomFailure(Random random)
    {
        var text = string.Concat(Enumerable.Range(0, random.Next(400)).Select(_ => (char)random.Next(0x10000)));
        return random.Next(2) == 0
            ? new CniException((CniErrorCode)random.Next(1, 200), text, text)
            : new InvalidOperationException(text);
    }

    private static byte[] Mutated(Random random, byte[] original)
    {
        var bytes = original.ToList();
        for (var change = random.Next(4); change > 0 && bytes.Count > 0; change--)
        {
            // Half of all changes hit the first keys, the only ones that the dispatcher reads.
            var at = random.Next(random.Next(2) == 0 ? Math.Min(40, bytes.Count) : bytes.Count);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, Math.Min(random.Next(20), bytes.Count - at));
                    break;
                case 2:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(Fragments[random.Next(Fragments.Length)]));
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(60), bytes.Count - at)));
                    break;
                default:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
            }
        }

        return [.. bytes];
    }

    private static bool IsObject(ReadOnlyMemory<byte> output)
    {
        using var document = JsonDocument.Parse(output);
        return document.RootElement.ValueKind == JsonValueKind.Object;
    }
}
