namespace CniTun.Cni;

/// <summary>What the runtime asks for in CNI_COMMAND.</summary>
public enum CniCommand
{
    Version,
    Add,
    Del,
    Check,
}

/// <summary>The text form of <see cref="CniCommand"/>.</summary>
public static class CniCommands
{
    public static string Text(this CniCommand command) => command switch
    {
        CniCommand.Version => "VERSION",
        CniCommand.Add => "ADD",
        CniCommand.Del => "DEL",
        CniCommand.Check => "CHECK",
        _ => throw new ArgumentOutOfRangeException(nameof(command)),
    };
}
