using CniTun.Ctl;

const int Success = 0;
const int UsageError = 2;

if (Arguments.TryParse(args, out var arguments) is { } wrong)
{
    await Console.Error.WriteLineAsync($"cnitunctl: {wrong}; see --help");
    return UsageError;
}

switch (arguments.Verb)
{
    case Verb.Help:
        await Console.Out.WriteAsync(Arguments.Usage);
        return Success;
    case Verb.Version:
        await Console.Out.WriteLineAsync($"cnitunctl {typeof(Arguments).Assembly.GetName().Version?.ToString(fieldCount: 3)}");
        return Success;
    default:
        return await StatusCommand.RunAsync(arguments, Console.Out, Console.Error);
}
