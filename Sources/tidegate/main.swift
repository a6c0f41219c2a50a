/// `tidegate COMMAND …`: finds the command and lets it run; wrong usage ends with 2, a failure with 1.
internal import Glibc
internal import Primitives

let commands: [any Command.Type] = [
    Serve.self,
    Check.self,
    Publish.self,
    Tail.self,
    WatchCommand.self,
    Topics.self,
    VersionCommand.self,
]

// A write to a closed pipe or socket is an error like any other, not a death.
signal(SIGPIPE, SIG_IGN)
exit(dispatch(Array(CommandLine.arguments.dropFirst()), to: commands))
