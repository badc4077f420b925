using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;

namespace CniTun.Architecture.Tests;

/// <summary><c>make image</c>: what is in the archives, read as a registry or a runtime reads them.</summary>
public sealed class ImageTests : IClassFixture<ImageTests.Image>, IDisposable
{
    private static readonly string[] Programs = ["cnitun", "cnitun-agent", "cnitun-tunnel", "cnitunctl"];

    private readonly Image image;
    private readonly string work = Directory.CreateTempSubdirectory("cnitun-image-").FullName;

    public ImageTests(Image image) => this.image = image;

    public void Dispose() => Directory.Delete(work, recursive: true);

    [KernelFact]
    public void It_holds_the_four_programs_and_no_shell_no_library_nothing()
    {
        foreach (var machine in image.Machines)
        {
            Assert.Equal(Programs, Unpack(machine));
        }
    }

    [KernelFact]
    public void The_programs_of_amd64_are_those_that_the_tests_run()
    {
        Unpack("amd64");

        Assert.All(Programs, name => Assert.Equal(File.ReadAllBytes(PublishedBinary.Path(name)), File.ReadAllBytes($"{work}/{name}")));
    }

    [KernelFact]
    public void The_programs_of_arm64_start_there()
    {
        Unpack("arm64");

        var version = new Dictionary<string, string?>(StringComparer.Ordinal) { ["CNI_COMMAND"] = "VERSION" };
        var answer = Command.Try("qemu-aarch64-static", [$"{work}/cnitun"], version, """{"cniVersion": "1.1.0"}""");
        Assert.Contains("\"supportedVersions\":[\"0.1.0\"", answer.Output, StringComparison.Ordinal);
        Assert.All(
            Programs[1..],
            name => Assert.Equal(Command.Run(PublishedBinary.Path(name), "--version"), Command.Run("qemu-aarch64-static", $"{work}/{name}", "--version")));
    }

    [KernelFact]
    public void Each_says_for_which_machine_it_is_and_starts_the_agent()
    {
        foreach (var machine in image.Machines)
        {
            using var archive = new Archive(image.File($"cnitun-{machine}.tar"));
            var manifest = archive.Read(Digest(archive.Index.GetProperty("manifests")[0]));
            var config = archive.Read(Digest(manifest.GetProperty("config")));

            Assert.Equal(machine, config.GetProperty("architecture").GetString());
            Assert.Equal("/cnitun-agent", config.GetProperty("config").GetProperty("Entrypoint")[0].GetString());
            Assert.StartsWith(
                "docker.io/cnitun/cnitun:",
                archive.Index.GetProperty("manifests")[0].GetProperty("annotations").GetProperty("org.opencontainers.image.ref.name").GetString(),
                StringComparison.Ordinal);
        }
    }

    [KernelFact]
    public void The_archive_of_both_holds_the_same_two_images()
    {
        using var both = new Archive(image.File("cnitun.tar"));
        var index = both.Read(Digest(both.Index.GetProperty("manifests")[0]));

        var listed = index.GetProperty("manifests").EnumerateArray().ToDictionary(
            one => one.GetProperty("platform").GetProperty("architecture").GetString()!, Digest, StringComparer.Ordinal);
        Assert.Equal(image.Machines, listed.Keys.Order(StringComparer.Ordinal));
        foreach (var machine in image.Machines)
        {
            using var archive = new Archive(image.File($"cnitun-{machine}.tar"));
            Assert.Equal(LayerOf(archive, Digest(archive.Index.GetProperty("manifests")[0])), LayerOf(both, listed[machine]));
        }
    }

    [KernelFact]
    public void A_name_that_is_none_is_refused_before_anything_is_built()
    {
        var answer = Command.Try(Path.Combine(Repository.Root, "hack/image.sh"), "No Such Name");

        Assert.Equal(1, answer.ExitCode);
        Assert.Contains("'No Such Name' is not IMAGE:TAG", answer.Error, StringComparison.Ordinal);
    }

    private static string Digest(JsonElement descriptor) => descriptor.GetProperty("digest").GetString()!;

    private static string LayerOf(Archive archive, string manifest) => Digest(Assert.Single(archive.Read(manifest).GetProperty("layers").EnumerateArray()));

    /// <summary>Unpacks the only layer.</summary>
    /// <returns>All that is in it.</returns>
    private IEnumerable<string> Unpack(string machine)
    {
        using var archive = new Archive(image.File($"cnitun-{machine}.tar"));
        using var layer = new GZipStream(archive.Open(LayerOf(archive, Digest(archive.Index.GetProperty("manifests")[0]))), CompressionMode.Decompress);
        using var tar = new TarReader(layer);
        var names = new List<string>();
        while (tar.GetNextEntry(copyData: true) is { } entry)
        {
            names.Add(entry.Name);
            entry.ExtractToFile(Path.Combine(work, Path.GetFileName(entry.Name)), overwrite: true);
        }

        return names.Order(StringComparer.Ordinal);
    }

    /// <summary>The archives, made once.</summary>
    public sealed class Image
    {
        private readonly Lazy<string> directory = new(() =>
        {
            var answer = Command.Try("make", ["-C", Repository.Root, "image"], new Dictionary<string, string?>(StringComparer.Ordinal), timeoutSeconds: 1200);
            Assert.True(answer.ExitCode == 0, answer.Error + answer.Output);
            return Path.Combine(Repository.Root, "dist/image");
        });

        public IReadOnlyList<string> Machines { get; } = ["amd64", "arm64"];

        public string File(string name) => Path.Combine(directory.Value, name);
    }

    /// <summary>An OCI image layout in a tar file.</summary>
    private sealed class Archive : IDisposable
    {
        private readonly Dictionary<string, MemoryStream> files = new(StringComparer.Ordinal);

        public Archive(string path)
        {
            using var tar = new TarReader(System.IO.File.OpenRead(path));
            while (tar.GetNextEntry(copyData: true) is { } entry)
            {
                if (entry.DataStream is { } data)
                {
                    var copy = new MemoryStream();
                    data.CopyTo(copy);
                    files.Add(entry.Name, copy);
                }
            }

            Index = Parse("index.json");
        }

        public JsonElement Index { get; }

        public JsonElement Read(string digest) => Parse($"blobs/{digest.Replace(':', '/')}");

        public MemoryStream Open(string digest)
        {
            var stream = files[$"blobs/{digest.Replace(':', '/')}"];
            stream.Position = 0;
            return stream;
        }

        public void Dispose()
        {
            foreach (var stream in files.Values)
            {
                stream.Dispose();
            }
        }

        private JsonElement Parse(string name) => JsonSerializer.Deserialize<JsonElement>(files[name].ToArray());
    }
}
