namespace CniTun.Cni.Tests;

public sealed class EnvironmentTests
{
    public static TheoryData<string, string> RequiredVariables => new()
    {
        { "ADD", "CNI_COMMAND" },
        { "ADD", "CNI_CONTAINERID" },
        { "ADD", "CNI_NETNS" },
        { "ADD", "CNI_IFNAME" },
        { "DEL", "CNI_CONTAINERID" },
        { "DEL", "CNI_IFNAME" },
        { "CHECK", "CNI_CONTAINERID" },
        { "CHECK", "CNI_NETNS" },
        { "CHECK", "CNI_IFNAME" },
    };

    [Theory]
    [MemberData(nameof(RequiredVariables))]
    public void A_missing_or_empty_variable_is_error_4_and_named(string command, string variable)
    {
        foreach (var nothing in new[] { null, string.Empty })
        {
            var call = Call.With(variable, nothing, command);
            call.Environment["CNI_COMMAND"] = variable == "CNI_COMMAND" ? nothing : command;

            var error = call.RunToFailure(CniErrorCode.InvalidEnvironment);

            Assert.Contains(variable, error.Msg, StringComparison.Ordinal);
            Assert.NotEmpty(error.Details);
            Assert.Empty(call.Commands.Requests);
        }
    }

    [Fact]
    public void All_missing_variables_are_named_at_once()
    {
        var add = new Call { Environment = { ["CNI_CONTAINERID"] = null, ["CNI_NETNS"] = string.Empty, ["CNI_IFNAME"] = null } };
        var del = new Call("DEL") { Environment = { ["CNI_CONTAINERID"] = null, ["CNI_NETNS"] = string.Empty, ["CNI_IFNAME"] = null } };

        Assert.Equal("CNI_CONTAINERID, CNI_NETNS, CNI_IFNAME are not set", add.RunToFailure(CniErrorCode.InvalidEnvironment).Msg);
        Assert.Equal("CNI_CONTAINERID, CNI_IFNAME are not set", del.RunToFailure(CniErrorCode.InvalidEnvironment).Msg);
    }

    [Theory]
    [InlineData("IgnoreUnknown=1", true)]
    [InlineData("IgnoreUnknown=TRUE;K8S_POD_NAME=x", true)]
    [InlineData("IgnoreUnknown=0", true)]
    [InlineData("IgnoreUnknown=False", true)]
    [InlineData("IgnoreUnknown=yes", false)]
    [InlineData("IgnoreUnknown=", false)]
    [InlineData("IgnoreUnknown=t", false)]
    [InlineData("IP", false)]
    public void CNI_ARGS_are_judged_but_keep_no_DEL_from_cleaning_up(string text, bool right)
    {
        Call.With("CNI_ARGS", text, "DEL").RunToSuccess();
        var add = Call.With("CNI_ARGS", text);
        if (right)
        {
            add.RunToSuccess();
        }
        else
        {
            Assert.Contains(text, add.RunToFailure(CniErrorCode.InvalidEnvironment).Msg, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_wrong_environment_is_told_before_standard_input_is_read()
    {
        var call = Call.With("CNI_IFNAME", null);

        call.RunToFailure(CniErrorCode.InvalidEnvironment);

        Assert.False(call.InputWasRead);
    }

    [Theory]
    [InlineData("add")]
    [InlineData("ADD ")]
    [InlineData("VERSION\n")]
    [InlineData("📦")]
    public void An_unknown_command_is_error_4_and_quoted(string command)
    {
        var error = new Call(command).RunToFailure(CniErrorCode.InvalidEnvironment);

        Assert.Contains("CNI_COMMAND", error.Msg, StringComparison.Ordinal);
        Assert.Contains($"'{command}'", error.Msg, StringComparison.Ordinal);
        Assert.Contains("ADD, DEL, CHECK, GC, STATUS and VERSION", error.Details, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a")]
    [InlineData("7")]
    [InlineData("A-b_c.9")]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    public void A_container_id_of_the_specification_reaches_the_command(string id)
    {
        var call = Call.With("CNI_CONTAINERID", id);

        call.RunToSuccess();

        Assert.Equal(id, Assert.Single(call.Commands.Requests).Arguments.ContainerId);
    }

    [Theory]
    [InlineData("-a")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("_a")]
    [InlineData("a/b")]
    [InlineData("a:b")]
    [InlineData("a b")]
    [InlineData("a\n")]
    [InlineData("ä")]
    [InlineData("a\0b")]
    public void Any_other_container_id_is_error_4(string id)
    {
        var error = Call.With("CNI_CONTAINERID", id).RunToFailure(CniErrorCode.InvalidEnvironment);

        Assert.Contains("CNI_CONTAINERID", error.Msg, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("e")]
    [InlineData("fifteen-bytes-x")]
    [InlineData("...")]
    [InlineData("a..b")]
    [InlineData("eth0..")]
    [InlineData("netzwärmgerät")]
    public void An_interface_name_that_the_kernel_takes_reaches_the_command(string name)
    {
        var call = Call.With("CNI_IFNAME", name);

        call.RunToSuccess();

        Assert.Equal(name, Assert.Single(call.Commands.Requests).Arguments.InterfaceName);
    }

    [Theory]
    [InlineData("sixteen-bytes-xy")]
    [InlineData("ääääääää")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("a:b")]
    [InlineData("eth%d")]
    [InlineData("a b")]
    [InlineData("a\tb")]
    [InlineData("a\u00a0b")]
    [InlineData("pod\u00e0")]
    [InlineData("a\0")]
    [InlineData("a\u007f")]
    public void Any_other_interface_name_is_error_4(string name)
    {
        var error = Call.With("CNI_IFNAME", name).RunToFailure(CniErrorCode.InvalidEnvironment);

        Assert.Contains("CNI_IFNAME", error.Msg, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void Del_needs_no_namespace(string? nothing)
    {
        var call = Call.With("CNI_NETNS", nothing, "DEL");

        Assert.Empty(call.RunToSuccess());

        Assert.Empty(Assert.Single(call.Commands.Requests).Arguments.NetworkNamespace);
    }

    [Fact]
    public void Neither_CNI_PATH_nor_CNI_ARGS_is_needed()
    {
        foreach (var command in new[] { "ADD", "DEL", "CHECK" })
        {
            var call = new Call(command);
            call.Environment.Remove("CNI_PATH");
            call.Environment.Remove("CNI_ARGS");

            call.RunToSuccess();
        }
    }

    [Theory]
    [InlineData("ADD", CniCommand.Add)]
    [InlineData("DEL", CniCommand.Del)]
    [InlineData("CHECK", CniCommand.Check)]
    public void A_command_gets_all_that_was_said(string text, CniCommand command)
    {
        var call = new Call(text);

        call.RunToSuccess();

        var request = Assert.Single(call.Commands.Requests);
        Assert.Equal(command, request.Arguments.Command);
        Assert.Equal(text, request.Arguments.Command.Text());
        Assert.Equal("pod-1", request.Arguments.ContainerId);
        Assert.Equal("/run/netns/pod-1", request.Arguments.NetworkNamespace);
        Assert.Equal("eth0", request.Arguments.InterfaceName);
        Assert.Equal("net", request.NetworkName);
        Assert.Equal(CniVersion.V1_1_0, request.Version);
        Assert.Equal(call.Input, request.Configuration);
    }
}
