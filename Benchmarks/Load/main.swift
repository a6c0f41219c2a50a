/// `tidegate-bench`: measures the gateway, and other installed servers beside it.
import Foundation

let usage = """
    Measures the gateway under load, and beside it other servers.

    usage: tidegate-bench list
           tidegate-bench run [WORKLOAD…] [options]
           tidegate-bench peers [WORKLOAD…] [options]      all servers in turn, medians of three
           tidegate-bench sweep WORKLOAD --rates 1000,2000,… [options]
           tidegate-bench isolate [LINE…] [--topics N,N,…] [options]      one reader beside hostile clients
           tidegate-bench soak [MINUTES]      with a journal and one snapshot after the other: a row a minute (60)

      --server NAME      tidegate (default), tidegate-tls, nats, mosquitto, nchan, or with a journal tidegate-interval,
                         tidegate-always, tidegate-never, in a cluster tidegate-redis; may be given again and again: then the servers
                         take turns, run after run
      --transport NAME   ws, sse or poll, in place of the workload's own
      --publish WAY      ndjson (default) or ws: how updates are sent to the gateway
      --repeat N         medians over N runs of each (1)
      --seconds S        how long each run measures, in place of the workload's own
      --port N           the first port to use (18080)
      --json FILE        the results, all of them
      --svg FILE         sweep: a plot of what was delivered, how late, and at what cost
      --topics N,N,…     isolate: how many topics the gateway holds (20000,100000,1000000)
      --patience S       isolate: how long the gateway may take to come back from a line (120)

    Run it in the repository's folder, after `make release`. Workloads are files of Benchmarks/Workloads.
    Microseconds are the server's processor time, as the kernel counts it; ages are from the publisher's writing
    to the reader's reading. With long polls µs/update is the cost of an answer. `list` names the lines of isolate, too.
    """

func fail(_ message: String) -> Never {
    FileHandle.standardError.write(Data("tidegate-bench: \(message)\n".utf8))
    exit(2)
}

do {
    let words = Array(CommandLine.arguments.dropFirst())
    switch words.first {
    case "readers":
        guard let line = readLine() else { exit(0) }
        try ReaderProcess(JSONDecoder().decode(ReaderOrder.self, from: Data(line.utf8))).run()
    case "list":
        for workload in try Workload.all(in: Plan.folder) {
            print(workload.name.padding(toLength: 22, withPad: " ", startingAt: 0), workload.about)
        }
        print("\nisolate:")
        for line in IsolationLines.all {
            print(line.name.padding(toLength: 22, withPad: " ", startingAt: 0), line.about)
        }
    case "run": try Plan(Array(words.dropFirst())).run()
    case "peers": try Plan(Array(words.dropFirst()), againstPeers: true).run()
    case "sweep": try Plan(Array(words.dropFirst())).sweep()
    case "isolate": try IsolationPlan(Array(words.dropFirst())).run()
    case "soak": try Soak(minutes: words.dropFirst().first.map { try Plan.number("soak", $0) } ?? 60).run()
    case nil, "help", "--help", "-h": print(usage)
    case let word?: fail("\"\(word)\" is none of run, peers, sweep, isolate, soak, list; see --help")
    }
} catch {
    fail("\(error)")
}
