using System.Xml.Linq;

namespace CniTun.Architecture.Tests;

/// <summary>What a project says that it needs.</summary>
/// <param name="Name">The file's name without .csproj.</param>
/// <param name="References">Names of the projects that it references.</param>
/// <param name="Packages">Names of the packages and shared frameworks that it references.</param>
internal sealed record ProjectFile(string Name, IReadOnlyList<string> References, IReadOnlyList<string> Packages)
{
    /// <summary>Reads a project of the checkout.</summary>
    public static ProjectFile Load(string path) => Parse(Path.GetFileNameWithoutExtension(path), Repository.Read(path));

    /// <summary>Reads the text of a .csproj file.</summary>
    public static ProjectFile Parse(string name, string xml)
    {
        var project = XDocument.Parse(xml).Root!;
        return new ProjectFile(
            name,
            [.. Includes(project, "ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path.Replace('\\', '/')))],
            [.. Includes(project, "PackageReference"), .. Includes(project, "FrameworkReference"), .. Sdks(project)]);
    }

    private static IEnumerable<string> Includes(XElement project, string item) =>
        project.Descendants(item).Select(element => element.Attribute("Include")?.Value).OfType<string>();

    // Another SDK brings a shared framework with it: Microsoft.NET.Sdk.Web is ASP.NET.
    private static IEnumerable<string> Sdks(XElement project) =>
        project.Attribute("Sdk")?.Value is { } sdk && sdk != "Microsoft.NET.Sdk" ? [sdk] : [];
}
