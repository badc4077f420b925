using System.Text;

namespace CniTun.Cni.Tests;

public sealed class AnswerTests
{
    private const int MostBytes = 2048;

    public static TheoryData<string> LongTexts =>
    [
        new('x', 100_000),
        new('é', 100_000),
        new('中', 100_000),
        string.Concat(Enumerable.Repeat("🧭", 50_000)),
        new('"', 100_000),
        new('\'', 100_000),
        new('\\', 100_000),
        new('\n', 100_000),
        new('\0', 100_000),
        new('\ud800', 100_000),
        string.Concat(Enumerable.Range(0, 60_000).Select(i => (char)i)),
    ];

    [Fact]
    public void An_error_answers_in_the_form_of_the_specification() => Snapshot.Match(Failing(
        new CniException(CniErrorCode.AddressPoolExhausted, "no free address in 10.1.0.0/24", "network net: delete unused pods")));

    [Fact]
    public void A_bug_in_a_command_is_error_999_and_asks_for_a_report() =>
        Snapshot.Match(Failing(new InvalidOperationException("the sky fell")));

    [Fact]
    public void A_command_that_answers_nothing_is_a_bug() =>
        new Call { Commands = new FakeCommands { Result = null! } }.RunToFailure(CniErrorCode.Internal);

    [Fact]
    public void Input_that_cannot_be_read_is_told_like_any_failure()
    {
        var answer = new Dispatcher(new FakeCommands()).Run(
            name => new Call().Environment.GetValueOrDefault(name),
            () => throw new CniException(CniErrorCode.IoFailure, "standard input cannot be read", "pass the configuration there"));

        Assert.Equal(1, answer.ExitCode);
        Assert.Contains("\"code\":5", Encoding.UTF8.GetString(answer.Output.Span), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("DEL")]
    [InlineData("CHECK")]
    public void Success_without_a_result_answers_nothing(string command) => Assert.Empty(new Call(command).RunToSuccess());

    [Theory]
    [MemberData(nameof(LongTexts))]
    public void A_long_text_of_any_kind_is_cut_so_that_the_answer_stays_under_2_KB(string text)
    {
        foreach (var failure in new Exception[] { new CniException(CniErrorCode.KernelRefused, text, text), new InvalidOperationException(text) })
        {
            var call = new Call { Commands = new FakeCommands { Failure = failure } };

            Assert.InRange(call.Run().Output.Length, 1, MostBytes);
            Assert.EndsWith(text.Length > 1000 ? " ..." : string.Empty, call.RunToFailure().Msg, StringComparison.Ordinal);
        }

        Assert.InRange(Call.With("CNI_CONTAINERID", text).Run().Output.Length, 1, MostBytes);
    }

    [Fact]
    public void A_text_that_fits_is_passed_on_as_it_is()
    {
        const string Text = "bridge 'cni0': größer <als> \"erwartet\" 🧭\n";

        var error = new Call { Commands = new FakeCommands { Failure = new CniException(CniErrorCode.KernelRefused, Text, Text) } }
            .RunToFailure(CniErrorCode.KernelRefused);

        Assert.Equal(Text, error.Msg);
        Assert.Equal(Text, error.Details);
    }

    [Fact]
    public void A_text_is_cut_between_characters()
    {
        var error = new Call
        {
            Commands = new FakeCommands
            {
                Failure = new CniException(CniErrorCode.KernelRefused, string.Concat(Enumerable.Repeat("🧭", 5000)), string.Empty),
            },
        }.RunToFailure();

        Assert.DoesNotContain('\ufffd', error.Msg);
        Assert.All(error.Msg[..^4].EnumerateRunes(), rune => Assert.Equal("🧭", rune.ToString()));
    }

    private static string Failing(Exception failure)
    {
        var answer = new Call { Commands = new FakeCommands { Failure = failure } }.Run();
        Assert.Equal(1, answer.ExitCode);
        return Encoding.UTF8.GetString(answer.Output.Span);
    }
}
