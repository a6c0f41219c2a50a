/// `tidegate-bench isolate`: reads its command line, and carries it out.
import Foundation

struct IsolationPlan {
    private var lines: [any IsolationLine] = []
    private var sizes = [20_000, 100_000, 1_000_000]
    private var seconds = 5.0
    private var patience = 120.0
    private var port: UInt16 = 18_080
    private var resultFile: String?

    init(_ words: [String]) throws {
        var rest = words[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("--") else {
                guard let line = IsolationLines.named(word) else {
                    let known = IsolationLines.all.map(\.name).joined(separator: ", ")
                    throw BenchFailure("no line \"\(word)\"; there are \(known)")
                }
                lines.append(line)
                continue
            }
            guard let value = rest.popFirst() else { throw BenchFailure("\(word) wants a value") }
            switch word {
            case "--topics":
                sizes = try value.split(separator: ",").map { try Plan.number(word, String($0)) }
            case "--seconds": seconds = Double(try Plan.number(word, value))
            case "--patience": patience = Double(try Plan.number(word, value))
            case "--port": port = UInt16(clamping: try Plan.number(word, value))
            case "--json": resultFile = value
            default: throw BenchFailure("no option \(word) of isolate; see --help")
            }
        }
        if lines.isEmpty { lines = IsolationLines.all }
    }

    /// The file has each result as soon as it is there.
    func run() throws {
        var results: [IsolationResult] = []
        for line in lines {
            for size in sizes {
                var progress = Progress()
                progress.prefix = "\(line.name), \(size) topics: "
                let run = IsolationRun(
                    line: line, topics: size, seconds: seconds, patience: patience, port: port,
                    progress: progress)
                results.append(try run.measure())
                progress.clear()
                try keep(results)
            }
        }
        print(IsolationTable.text(results))
        print(IsolationTable.legend)
    }

    private func keep(_ results: [IsolationResult]) throws {
        guard let resultFile else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try encoder.encode(results).write(to: URL(fileURLWithPath: resultFile))
    }
}
