/// `tidegate COMMAND …`: finds the command and runs it. Wrong usage ends with 2, a failure with 1.
internal import Glibc
internal import Primitives

let commands: [any Command.Type] = [
    Serve.self,
    Check.self,
    Config.self,
    Reload.self,
    MakeKey.self,
    State.self,
    Publish.self,
    Tail.self,
    WatchCommand.self,
    Topics.self,
    Nodes.self,
    Drain.self,
    Rolling.self,
    VersionCommand.self,
]

Console.fillGaps()
// A write to a closed pipe or socket must be an ordinary error, not the end of the process.
signal(SIGPIPE, SIG_IGN)
exit(dispatch(Array(CommandLine.arguments.dropFirst()), to: commands))
