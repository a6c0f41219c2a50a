/// The nodes of a cluster, as one of them knows them (docs/protocol.md, section 6).
internal import Primitives

package struct NodeList: Sendable {
    package struct Node: Sendable, Equatable {
        package internal(set) var name = ""
        package internal(set) var address = ""
        package internal(set) var version = ""
        /// Empty: it has loaded nothing yet.
        package internal(set) var epoch = ""
        package internal(set) var position: UInt64 = 0
        package internal(set) var lag: UInt64 = 0
        package internal(set) var connections: UInt64 = 0
        /// Seconds since it said so.
        package internal(set) var age = 0.0
        package internal(set) var isAway = false
        package internal(set) var isDraining = false
        /// The object as it came.
        package internal(set) var line: [UInt8] = []
    }

    /// The one that was asked.
    package private(set) var asked = ""
    package private(set) var nodes: [Node] = []

    package init(at url: GatewayURL) throws(ClientFailure) {
        let answer = try HTTPConnection(to: url).send(HTTPCall(.get, "/nodes"))
        do throws(JSONFailure) {
            try self.init(json: answer.span)
        } catch {
            throw .violation("the list of nodes, \(error)")
        }
    }

    init(json: Span<UInt8>) throws(JSONFailure) {
        var scanner = JSONScanner(json)
        try scanner.enterObject()
        while let name = try scanner.nextMember() {
            if name.equals("node", in: json) {
                asked = try scanner.optionalText()
            } else if name.equals("nodes", in: json) {
                try scanner.enterArray()
                while try scanner.nextElement() {
                    let element = json.extracting(try scanner.value())
                    nodes.append(try Node(json: element))
                }
            } else {
                _ = try scanner.value()
            }
        }
    }
}

extension NodeList.Node {
    fileprivate init(json: Span<UInt8>) throws(JSONFailure) {
        line = (0..<json.count).map { json[$0] }
        var scanner = JSONScanner(json)
        try scanner.enterObject()
        while let name = try scanner.nextMember() {
            if name.equals("name", in: json) {
                self.name = try scanner.optionalText()
            } else if name.equals("address", in: json) {
                address = try scanner.optionalText()
            } else if name.equals("version", in: json) {
                version = try scanner.optionalText()
            } else if name.equals("epoch", in: json) {
                epoch = try scanner.optionalText()
            } else if name.equals("position", in: json) {
                position = try scanner.wholeNumber()
            } else if name.equals("lag", in: json) {
                lag = try scanner.wholeNumber()
            } else if name.equals("connections", in: json) {
                connections = try scanner.wholeNumber()
            } else if name.equals("age", in: json) {
                age = try scanner.number()
            } else if name.equals("away", in: json) {
                isAway = try scanner.boolean()
            } else if name.equals("draining", in: json) {
                isDraining = try scanner.boolean()
            } else {
                _ = try scanner.value()
            }
        }
    }
}
