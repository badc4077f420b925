using CniTun.Cni;

namespace CniTun.Endpoint;

/// <summary>
/// Makes a sequence of steps all or nothing: each finished step says how it is undone, and unless <see cref="Commit"/> is reached, Dispose
/// undoes them last first.
/// </summary>
/// <param name="onUndoFailed">Told when an undo fails; the others still run.</param>
internal sealed class Rollback(Action<string> onUndoFailed) : IDisposable
{
    private readonly Stack<(string Name, Action Undo)> steps = new();

    public void Add(string name, Action undo) => steps.Push((name, undo));

    public void Commit() => steps.Clear();

    public void Dispose()
    {
        while (steps.TryPop(out var step))
        {
            try
            {
                step.Undo();
            }
            catch (Exception failure) when (failure is IOException or CniException)
            {
                onUndoFailed($"undo failed: {step.Name}: {failure.Message}");
            }
        }
    }
}
