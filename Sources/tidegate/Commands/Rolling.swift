/// `tidegate rolling`: restarts the nodes of a cluster one after the other, and nobody misses anything.
internal import Client
internal import Primitives

enum Rolling: Command {
    static let name = "rolling"
    static let summary = "Restart the nodes of a cluster one after the other"
    static let help = """
        Usage: tidegate rolling NODE… [OPTIONS]
               tidegate rolling --all [OPTIONS]

        Restarts nodes in the given order: each drains (see `tidegate drain --help`) and ends, is started again by
        whoever looks after it, such as systemd with Restart=always, and loads the cluster's log. The next one follows
        when all nodes are ready, as many WebSockets and event streams are open as before, and no more come than did. It stops at the
        first doubt, with status 1, and says how to go on. A NODE is a name from `tidegate nodes`. This must reach
        each node at the address that it shows there, not by a balancer. It takes the right `operate`.

          --all               all nodes of the cluster, in the order of their names
          --dry-run           look whether it could begin, show the order, and do nothing
          --start COMMAND     run this by the shell when a node has ended, to start it; $TIDEGATE_NODE is its name and
                              $TIDEGATE_NODE_URL its address
          --patience SECONDS  how long a node may take to be back, and readers to arrive (default 120)

        \(Arguments.gatewayHelp)

        Examples:
          tidegate rolling --dry-run --all --url http://10.0.0.4:8080
          tidegate rolling a b c --url http://10.0.0.4:8080 --token-file operator.key
          tidegate rolling --all --start 'ssh "$TIDEGATE_NODE" systemctl start tidegate'
        """

    static func run(_ arguments: inout Arguments) throws -> Int32 {
        let isDry = try arguments.flag("--dry-run")
        let takesAll = try arguments.flag("--all")
        let command = try arguments.value("--start")
        let patience = try arguments.integer("--patience", in: 1...86_400) ?? 120
        let (url, names) = try arguments.gatewayAndWords()
        guard names.isEmpty == takesAll else {
            throw UsageFailure(takesAll ? "--all and a NODE exclude each other" : "NODE or --all is missing")
        }
        let places = try places(of: NodeList(at: url), like: url)
        let chosen = takesAll ? places : try names.map { try place(named: $0, among: places) }
        guard Set(chosen.map(\.name)).count == chosen.count else {
            throw UsageFailure("a NODE is given twice")
        }
        let rolling = RollingRestart(
            of: places, patience: .seconds(patience), starting: command, say: { try Console.show($0) })
        try rolling.look()
        if isDry {
            try Console.show(
                "would restart, one after the other: \(chosen.map(\.name).joined(separator: " "))")
            return 0
        }
        return try restart(chosen, by: rolling)
    }

    private static func restart(_ chosen: [NodePlace], by rolling: RollingRestart) throws -> Int32 {
        let progress = try ProgressLine { rolling.status }
        defer { progress.end() }
        for (count, place) in chosen.enumerated() {
            do {
                try rolling.restart(place)
            } catch let failure as BrokenPipe {
                throw failure
            } catch {
                progress.end()
                Console.warn("stopped at node \(place.name): \(error)")
                let left = chosen[(count + 1)...].map(\.name).joined(separator: " ")
                Console.note(
                    "Look with `tidegate nodes`. When \(place.name) is in order, "
                        + (left.isEmpty ? "all is done." : "go on with: tidegate rolling \(left)"))
                return 1
            }
        }
        progress.end()
        try Console.show(
            chosen.count == 1 ? "1 node is restarted" : "all \(chosen.count) nodes are restarted")
        return 0
    }

    private static func place(named name: String, among places: [NodePlace]) throws(UsageFailure) -> NodePlace
    {
        if let place = places.first(where: { $0.name == name }) { return place }
        throw UsageFailure(
            "there is no node \"\(name)\"; there are \(places.map(\.name).joined(separator: ", "))")
    }

    /// Where the nodes are, each spoken with as the one that was asked.
    private static func places(of list: NodeList, like url: GatewayURL) throws -> [NodePlace] {
        try list.nodes.map { node in
            guard !node.isAway else {
                throw RollingDoubt("node \(node.name) is away; it has said nothing for \(Int(node.age)) s")
            }
            let isSocket = node.address.hasPrefix("unix:")
            var place = try GatewayURL(isSocket ? "http://localhost" : node.address)
            if isSocket { place.socketPath = String(node.address.dropFirst(5)) }
            if place.isSecure {
                place.trust = url.trust
                try place.show(url.identity)
            }
            guard place.isSecure || !url.isSecure || url.credential == nil || isSocket else {
                throw RollingDoubt(
                    "node \(node.name) is at \(place): the key or token would go there unencrypted")
            }
            place.credential = url.credential
            return NodePlace(name: node.name, url: place)
        }
    }
}
