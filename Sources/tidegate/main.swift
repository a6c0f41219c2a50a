/// `tidegate`: one binary, a command for each thing to do.
import Glibc
import Settings

let commands: [any Command.Type] = [Serve.self, Check.self]
var words = Array(CommandLine.arguments.dropFirst())
guard let name = words.first, let command = commands.first(where: { $0.name == name }) else {
    for command in commands { Output.line("  \(command.name)  \(command.summary)") }
    exit(words.isEmpty || words[0] == "--help" ? 0 : 2)
}
var arguments = Arguments(Array(words.dropFirst()))
if arguments.isHelpWanted() {
    Output.line(command.help)
    exit(0)
}
do {
    exit(try command.run(&arguments))
} catch let failure as UsageFailure {
    Output.error("tidegate \(name): \(failure)\nSee tidegate \(name) --help.")
    exit(2)
} catch {
    Output.error("tidegate \(name): \(error)")
    exit(1)
}
