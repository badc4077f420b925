using CniTun.Ctl;

return await CommandTree.RunAsync(args, Console.Out, Console.Error);
