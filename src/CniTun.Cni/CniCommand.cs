namespace CniTun.Cni;

/// <summary>What the runtime asks for in CNI_COMMAND.</summary>
public enum CniCommand
{
    Version,
    Add,
    Del,
    Check,
}
