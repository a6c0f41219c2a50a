/// `tidegate nodes`: the nodes of a cluster, as a table or as JSON lines.
internal import Client
internal import Primitives

enum Nodes: Command {
    static let name = "nodes"
    static let summary = "List the nodes of a gateway's cluster"
    static let help = """
        Usage: tidegate nodes [URL] [OPTIONS]

        Asks one node of a cluster for all of them: where each is reached, its version, how far it is in the
        cluster's log and how much of that it has still to read, its connections, and how long ago it said so. One
        that has said nothing for ten seconds is marked "away"; after an hour it is forgotten. The node that was
        asked has a "*". It takes the right `operate`.

        \(Arguments.gatewayHelp)
          --json              print the nodes, one JSON object a line

        Examples:
          tidegate nodes http://10.0.0.4:8080
          tidegate nodes https://ticker.example --token-file operator.key
          tidegate nodes --json | jq -r 'select(.away).name'
        """

    static func run(_ arguments: inout Arguments) throws -> Int32 {
        let isJSON = try arguments.flag("--json")
        let (url, words) = try arguments.gatewayAndWords()
        if let word = words.first { throw UsageFailure("unexpected \"\(word)\"") }
        let list = try NodeList(at: url)
        var output = ByteBuffer()
        if isJSON {
            for node in list.nodes {
                output.append(node.line)
                output.append(ASCII.lineFeed)
            }
        } else {
            output.append(tableOf: list)
        }
        try Console.flush(&output)
        return 0
    }
}

private func heard(_ node: NodeList.Node) -> String {
    (node.isAway ? "away, " : node.isDraining ? "draining, " : "") + "\(Int(node.age)) s"
}

extension ByteBuffer {
    private static let titles = [
        "NODE", "ADDRESS", "VERSION", "EPOCH", "POSITION", "LAG", "CONNECTIONS", "HEARD",
    ]

    fileprivate mutating func append(tableOf list: NodeList) {
        let rows = list.nodes.map { node in
            [
                node.name + (node.name == list.asked ? " *" : ""), node.address, node.version,
                node.epoch.isEmpty ? "(loading)" : node.epoch, "\(node.position)", "\(node.lag)",
                "\(node.connections)", heard(node),
            ]
        }
        let widths = Self.titles.indices.map { column in
            ([Self.titles] + rows).map { $0[column].count }.max() ?? 0
        }
        for row in [Self.titles] + rows {
            var line = ""
            for (column, text) in row.enumerated() {
                let space = String(repeating: " ", count: widths[column] - text.count)
                // Numbers stand at the right.
                line += (column > 0 ? "  " : "") + (4...6 ~= column ? space + text : text + space)
            }
            while line.last == " " { line.removeLast() }
            append(printable: Array(line.utf8).span)
            append(ASCII.lineFeed)
        }
    }
}
