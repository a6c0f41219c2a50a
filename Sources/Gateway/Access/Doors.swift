/// What an endpoint opens of the gateway, so that operations, for instance, can have a port of their own.

package struct Doors: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Reading: subscriptions, polls, values, listings, and the page.
    package static let subscribe = Doors(rawValue: 1)
    /// Publishing and ending topics.
    package static let publish = Doors(rawValue: 2)
    /// What operators look at, and their orders.
    package static let operations = Doors(rawValue: 4)
    package static let all: Doors = [.subscribe, .publish, .operations]

    /// As the settings name them.
    package static let named: KeyValuePairs<String, Doors> = [
        "subscribe": .subscribe, "publish": .publish, "operations": .operations,
    ]

    fileprivate var names: String {
        Self.named.filter { contains($0.value) }.map { "\"\($0.key)\"" }.joined(separator: " or ")
    }
}

extension Workspace {
    /// Refuses a request for what the endpoint does not open; no resource is a file of the page, or nothing.
    func demandOpen(_ resource: Resource?, isGet: Bool, _ connection: Connection) throws(Problem) {
        let doors = resource.map { $0.doors(isGet: isGet) } ?? .subscribe
        if !doors.isEmpty, doors.isDisjoint(with: self.doors(of: connection)) { throw .notBehind(doors) }
    }

    /// Refuses a command on a WebSocket that its endpoint opens for something else.
    func demandOpen(_ door: Doors, _ connection: Connection) throws(Problem) {
        if !doors(of: connection).contains(door) { throw .closed(door) }
    }
}

extension Problem {
    /// Not 403, at which people look for a key that allows more: here there is none.
    fileprivate static func notBehind(_ doors: Doors) -> Problem {
        Problem(
            404, "not_found",
            "This endpoint does not open \(doors.names), which this is behind; another one may (\"doors\")."
        )
    }

    fileprivate static func closed(_ door: Doors) -> Problem {
        Problem(
            403, "forbidden",
            "The endpoint of this connection does not open \(door.names); another one may (\"doors\").")
    }
}
