/// Finds the command that the words name, and turns its outcome into an exit status.
internal import Glibc
internal import Primitives

func dispatch(_ words: [String], to commands: [any Command.Type]) -> Int32 {
    guard let first = words.first else { return show(overview(of: commands)) }
    var rest = Array(words.dropFirst())
    var name = first
    switch first {
    case "--help", "-h": return show(overview(of: commands))
    case "help":
        guard let asked = rest.first else { return show(overview(of: commands)) }
        name = asked
        rest = ["--help"]
    case "--version": name = "version"
    default: break
    }
    guard let command = commands.first(where: { $0.name == name }) else {
        let nearest = commands.map { ($0.name, editDistance(name, $0.name)) }.min { $0.1 < $1.1 }
        let hint = nearest.flatMap { $0.1 <= 2 ? "; did you mean \"\($0.0)\"?" : nil } ?? ""
        Console.note("tidegate: unknown command \"\(name)\"\(hint)")
        Console.note("Try: tidegate --help")
        return 2
    }
    return run(command, Arguments(rest))
}

private func run(_ command: any Command.Type, _ arguments: Arguments) -> Int32 {
    if arguments.wantsHelp { return show(command.help) }
    var arguments = arguments
    do {
        return try command.run(&arguments)
    } catch let failure as UsageFailure {
        Console.note("tidegate \(command.name): \(failure)")
        Console.note("Try: tidegate \(command.name) --help")
        return 2
    } catch is BrokenPipe {
        return 0
    } catch {
        // One that says what to write has lines to copy.
        for line in "tidegate \(command.name): \(error)".split(separator: "\n") { Console.note(String(line)) }
        return 1
    }
}

private func show(_ text: String) -> Int32 {
    do {
        try Console.show(text)
    } catch {
        // The reading end has gone.
    }
    return 0
}

private func overview(of commands: [any Command.Type]) -> String {
    let width = commands.map { $0.name.count }.max() ?? 0
    let lines = commands.map { command in
        let gap = String(repeating: " ", count: width - command.name.count + 3)
        return "  \(command.name)\(gap)\(command.summary)"
    }
    return """
        tidegate \(ProductVersion.text): a gateway that streams the latest values of many topics

        Usage: tidegate COMMAND [ARGUMENTS]

        \(lines.joined(separator: "\n"))

        Each command explains itself: tidegate COMMAND --help
        """
}
