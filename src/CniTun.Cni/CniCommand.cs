namespace CniTun.Cni;

/// <summary>What the runtime asks for in CNI_COMMAND.</summary>
public enum CniCommand
{
    Version,
    Add,
    Del,
    Check,
    Gc,
    Status,
}

/// <summary>The text forms of <see cref="CniCommand"/>, and the version of the specification that each came with.</summary>
public static class CniCommands
{
    private static readonly string[] Texts = ["VERSION", "ADD", "DEL", "CHECK", "GC", "STATUS"];

    public static string Text(this CniCommand command) => Texts[(int)command];

    public static bool TryParse(string? text, out CniCommand command)
    {
        var index = Array.IndexOf(Texts, text);
        command = (CniCommand)Math.Max(index, 0);
        return index >= 0;
    }

    /// <summary>Tells whether the command speaks of one interface of one container.</summary>
    public static bool IsOfAttachment(this CniCommand command) => command is CniCommand.Add or CniCommand.Del or CniCommand.Check;

    /// <summary>Gets the version that brought the command.</summary>
    public static CniVersion Since(this CniCommand command) => command switch
    {
        CniCommand.Check => CniVersion.V0_4_0,
        CniCommand.Gc or CniCommand.Status => CniVersion.V1_1_0,
        _ => CniVersion.V0_1_0,
    };
}
