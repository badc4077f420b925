using System.CommandLine;

namespace CniTun.Ctl;

/// <summary><c>cnitunctl completion SHELL</c>: prints what makes a shell complete our verbs and options, by asking us for them.</summary>
internal static class CompletionCommand
{
    // Both ask with the directive [suggest:POSITION] and the line as it stands; where we know nothing, the shell names files.
    private const string Bash = """
        _cnitunctl() {
            mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}")
        }
        complete -o default -F _cnitunctl cnitunctl

        """;

    private const string Zsh = """
        #compdef cnitunctl
        _cnitunctl() {
            local line="${(j: :)words[1,CURRENT]}"
            local -a known=("${(@f)$("${words[1]}" "[suggest:${#line}]" "$line" 2>/dev/null)}")
            if [[ -n "${known[1]}" ]]; then compadd -a known; else _files; fi
        }
        compdef _cnitunctl cnitunctl

        """;

    public static Command Create()
    {
        var shell = new Argument<string>("shell") { Description = "bash or zsh" };
        shell.AcceptOnlyFromAmong("bash", "zsh");
        var command = new Command("completion", "Prints a script: eval \"$(cnitunctl completion bash)\" makes the shell complete verbs and options.") { shell };
        command.SetAction(line => line.InvocationConfiguration.Output.Write(line.GetValue(shell) == "zsh" ? Zsh : Bash));
        return command;
    }
}
