using System.Text.Json;
using CniTun.Agent.Files;
using CniTun.Daemon;

namespace CniTun.Agent.Settings;

/// <summary>The JSON config file: an object whose keys are those of <see cref="SettingTable"/>, all of them optional.</summary>
public static class SettingsFile
{
    /// <summary>Reads what the agent was told: the file, if the command line names one, and over it the options.</summary>
    /// <exception cref="OperatorException">Names the file and key.</exception>
    public static AgentSettings Read(CommandLine<AgentSettings> line) =>
        line.Over(line.Over(new AgentSettings()).ConfigFile is { } file ? Read(file) : new AgentSettings());

    /// <summary>Reads a file's content.</summary>
    /// <exception cref="OperatorException">Names the key.</exception>
    internal static AgentSettings Parse(ReadOnlyMemory<byte> content)
    {
        using var document = JsonObject.ParseDocument(content);
        var keys = SettingTable.Options.Options.Where(option => option.Kinds.Length > 0).ToList();
        var file = new JsonObject(document.RootElement, path: string.Empty, [.. keys.Select(option => option.Key)]);
        var settings = new AgentSettings();
        foreach (var option in keys)
        {
            if (file.Find(option.Key) is { } value)
            {
                settings = option.ApplyTo(settings, TextOf(option, value), option.Key);
            }
        }

        return settings;
    }

    private static AgentSettings Read(string path)
    {
        try
        {
            return Parse(File.ReadAllBytes(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException($"{path}: cannot be read: {JsonObject.WhyUnreadable(e)}");
        }
        catch (OperatorException e)
        {
            throw new OperatorException($"{path}: {e.Message}");
        }
    }

    private static string TextOf(Option<AgentSettings> option, JsonElement value)
    {
        if (!option.Kinds.Contains(value.ValueKind))
        {
            var kinds = string.Join(" or a ", option.Kinds.Select(kind => kind == JsonValueKind.String ? "string" : "number"));
            throw new OperatorException($"{option.Key}: must be a {kinds}");
        }

        return value.ValueKind == JsonValueKind.String ? JsonObject.TextOf(value, option.Key) : value.GetRawText();
    }
}
