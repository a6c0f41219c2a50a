/// Reads the command line, and carries it out.
import Foundation

struct Plan {
    static let folder = URL(fileURLWithPath: "Benchmarks/Workloads")

    private var workloads: [Workload] = []
    private var servers: [any Server] = []
    private var transport: Workload.Transport?
    private var publishing = GatewayServer.Publishing.ndjson
    private var repeats = 1
    private var port: UInt16 = 18_080
    private var rates: [Double] = []
    private var resultFile: String?
    private var plotFile: String?

    /// With `againstPeers` the defaults are all servers, the workloads that suit all of them, and medians of three.
    init(_ words: [String], againstPeers: Bool = false) throws {
        let known = try Workload.all(in: Self.folder)
        if againstPeers { repeats = 3 }
        var rest = words[...]
        var seconds: Double?
        while let word = rest.popFirst() {
            guard word.hasPrefix("--") else {
                guard let workload = known.first(where: { $0.name == word }) else {
                    throw BenchFailure("no workload \"\(word)\"; there are \(Self.list(known.map(\.name)))")
                }
                workloads.append(workload)
                continue
            }
            guard let value = rest.popFirst() else { throw BenchFailure("\(word) wants a value") }
            switch word {
            case "--server":
                guard let server = Servers.named(value) else {
                    throw BenchFailure(
                        "no server \"\(value)\"; there are \(Self.list((Servers.all + Servers.variants).map(\.name)))"
                    )
                }
                servers.append(server)
            case "--transport":
                guard let named = Workload.Transport(rawValue: value) else {
                    throw BenchFailure("no transport \"\(value)\"; there are ws, sse, poll")
                }
                transport = named
            case "--publish":
                guard let way = GatewayServer.Publishing(rawValue: value) else {
                    throw BenchFailure("no way to publish is called \"\(value)\"; there are ndjson, ws")
                }
                publishing = way
            case "--repeat": repeats = max(try Self.number(word, value), 1)
            case "--seconds": seconds = Double(try Self.number(word, value))
            case "--port": port = UInt16(clamping: try Self.number(word, value))
            case "--rates":
                rates = try value.split(separator: ",").map { Double(try Self.number(word, String($0))) }
            case "--json": resultFile = value
            case "--svg": plotFile = value
            default: throw BenchFailure("no option \(word); see --help")
            }
        }
        if workloads.isEmpty { workloads = againstPeers ? known.filter(\.forPeers) : known }
        if servers.isEmpty { servers = againstPeers ? Servers.all : [GatewayServer()] }
        servers = servers.map { server in
            guard var gateway = server as? GatewayServer else { return server }
            gateway.publishing = publishing
            return gateway
        }
        if let seconds { for index in workloads.indices { workloads[index].seconds = seconds } }
    }

    static func number(_ option: String, _ text: String) throws -> Int {
        guard let number = Int(text), number >= 0 else {
            throw BenchFailure("\(option) wants a whole number, not \"\(text)\"")
        }
        return number
    }

    private static func list(_ names: [String]) -> String { names.joined(separator: ", ") }

    func run() throws {
        var results: [RunResult] = []
        for workload in workloads {
            for transport in transport.map({ [$0] }) ?? workload.transports {
                results += try medians(workload, transport)
            }
        }
        print(Table.text(results))
        for remark in Table.remarks(results) { print(remark) }
        if servers.count > 1 {
            print(Table.ratios(results))
            for server in servers { print("\(server.name): \(server.caveat)") }
        }
        try keep(results)
    }

    func sweep() throws {
        guard !rates.isEmpty, workloads.count == 1 else {
            throw BenchFailure("sweep wants one workload and --rates; see --help")
        }
        var curves: [[(rate: Double, result: RunResult)]] = servers.map { _ in [] }
        for rate in rates {
            var workload = workloads[0]
            workload.rate = rate
            for result in try medians(workload, transport ?? workload.transports[0]) {
                guard let place = servers.firstIndex(where: { $0.name == result.server }) else { continue }
                curves[place].append((rate, result))
            }
        }
        let results = curves.flatMap { $0.map(\.result) }
        print(Table.text(results))
        try keep(results)
        if let plotFile {
            let plot = Plot(
                title: "\(workloads[0].name), over the updates published a second", curves: curves)
            try Data(plot.svg.utf8).write(to: URL(fileURLWithPath: plotFile))
        }
    }

    /// The servers take turns, so that other load on the machine affects all alike.
    private func medians(_ workload: Workload, _ transport: Workload.Transport) throws -> [RunResult] {
        let able = servers.filter { $0.speaks(transport) }
        var runs: [[RunResult]] = able.map { _ in [] }
        for turn in 0..<repeats {
            for (place, server) in able.enumerated() {
                var progress = Progress()
                progress.prefix = "\(workload.name) \(turn + 1)/\(repeats): "
                let run = Run(
                    workload: workload, transport: transport, server: server, port: port, progress: progress)
                do {
                    runs[place].append(try run.measure())
                } catch {
                    progress.clear()
                    print("\(workload.name), \(transport), \(server.name): \(error)")
                }
                progress.clear()
            }
        }
        return runs.compactMap { runs in
            // The whole run in the middle, because its figures belong together.
            let sorted = runs.sorted { ($0.costOfUpdate ?? 0) < ($1.costOfUpdate ?? 0) }
            guard var middle = sorted[safely: sorted.count / 2] else { return nil }
            middle.runs = sorted.count
            return middle
        }
    }

    private func keep(_ results: [RunResult]) throws {
        guard let resultFile else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try encoder.encode(results).write(to: URL(fileURLWithPath: resultFile))
    }
}
