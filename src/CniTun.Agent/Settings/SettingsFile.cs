using System.Text.Json;
using CniTun.Agent.Files;

namespace CniTun.Agent.Settings;

/// <summary>The JSON config file: an object whose keys are those of <see cref="SettingTable"/>, all of them optional.</summary>
internal static class SettingsFile
{
    /// <summary>Lays the file over the settings.</summary>
    /// <exception cref="AgentException">Names file and key.</exception>
    public static AgentSettings Apply(AgentSettings settings, string path)
    {
        byte[] content;
        try
        {
            content = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentException($"{path}: cannot be read: {ReadFailure.Describe(e)}");
        }

        try
        {
            return Apply(settings, content);
        }
        catch (AgentException e)
        {
            throw new AgentException($"{path}: {e.Message}");
        }
    }

    /// <summary>Lays a file's content over the settings.</summary>
    /// <exception cref="AgentException">Names the key.</exception>
    public static AgentSettings Apply(AgentSettings settings, ReadOnlyMemory<byte> content)
    {
        using var document = JsonObject.ParseDocument(content);
        var file = new JsonObject(document.RootElement, path: string.Empty, [.. SettingTable.All.Select(setting => setting.Key)]);
        foreach (var setting in SettingTable.All)
        {
            if (file.Find(setting.Key) is { } value)
            {
                settings = Apply(settings, setting, value);
            }
        }

        return settings;
    }

    private static AgentSettings Apply(AgentSettings settings, Setting setting, JsonElement value)
    {
        if (!setting.Kinds.Contains(value.ValueKind))
        {
            var kinds = string.Join(" or a ", setting.Kinds.Select(kind => kind == JsonValueKind.String ? "string" : "number"));
            throw new AgentException($"{setting.Key}: must be a {kinds}");
        }

        var text = value.ValueKind == JsonValueKind.String ? JsonObject.TextOf(value, setting.Key) : value.GetRawText();
        try
        {
            return setting.Apply(settings, text);
        }
        catch (AgentException e)
        {
            throw new AgentException($"{setting.Key}: {e.Message}");
        }
    }
}
