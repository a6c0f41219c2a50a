/// Runs one of the gateway's inner steps COUNT times; `Benchmarks/instructions` counts its instructions.
///
/// usage: tidegate-micro STEP COUNT      tidegate-micro list
import Broker
import Glibc
import HTTP
import Primitives
import WebSocket

func stop(_ message: String) -> Never {
    print("tidegate-micro: \(message)")
    exit(2)
}

let words = Array(CommandLine.arguments.dropFirst())
if words == ["list"] {
    for step in Step.all { print(step.name, step.about, separator: "\t") }
    exit(0)
}
guard words.count == 2, let count = Int(words[1]), count >= 0 else {
    stop("usage: tidegate-micro STEP COUNT")
}
guard let step = Step.all.first(where: { $0.name == words[0] }) else {
    stop("no step \"\(words[0])\"; there are \(Step.all.map { $0.name }.joined(separator: ", "))")
}
do {
    try step.run(count)
} catch {
    stop("\(error)")
}
