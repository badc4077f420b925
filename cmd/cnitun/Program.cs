using CniTun.Cni;
using CniTun.Endpoint;
using CniTun.Plugin;

// The runtime executes this for each pod. Without CNI_COMMAND it was a person, who is told what this is.
if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("CNI_COMMAND")))
{
    StandardStreams.WriteError($"cnitun: a CNI network plugin, for a container runtime to execute.\nCNI versions: {string.Join(", ", CniVersions.Supported)}");
    return 0;
}

var answer = new Dispatcher(new EndpointCommands(StandardStreams.WriteError, mayFork: true))
    .Run(Environment.GetEnvironmentVariable, StandardStreams.ReadInput, StandardStreams.WriteResult);
StandardStreams.WriteOutput(answer.Output.Span);
return answer.ExitCode;
