/// What nodes tell one another, once a second, by way of the server that has their log.
internal import Broker
package import Primitives

package struct NodeGreeting: Sendable {
    package let node: String
    package let process: String
    /// Of the log that it is about.
    package let epoch: String
    /// What the node says of itself (`NodeReport`); the server keeps it as it is.
    package let report: [UInt8]
    /// Feeds that are to run on one node at a time: those that this one would run, and those that it would no more.
    package let wantedFeeds: [String]
    package let droppedFeeds: [String]

    /// Whoever has a feed says so by this; no name of a node has a space in it.
    package var holder: String { "\(node) \(process)" }

    /// The server's word of who has a feed is good for so long.
    package static let leaseMilliseconds = 10_000
    /// A node that has said nothing for so long is removed.
    package static let memoryMilliseconds = 3_600_000
}

/// What comes of a greeting.
package struct NodeRound: Sendable {
    package struct Word: Sendable {
        package let node: String
        package let report: [UInt8]
        package let time: UnixTime

        package init(node: String, report: [UInt8], time: UnixTime) {
            self.node = node
            self.report = report
            self.time = time
        }
    }

    /// The present by the server's clock.
    package let time: UnixTime
    /// Where the log ends.
    package let position: UInt64
    /// The last word of each node, before this greeting.
    package let words: [Word]
    /// Who has each of the wanted feeds now.
    package let holders: [String]

    package init(time: UnixTime, position: UInt64, words: [Word], holders: [String]) {
        self.time = time
        self.position = position
        self.words = words
        self.holders = holders
    }
}

/// What a node says of itself, as JSON. Members that are not known are for nodes of a later version.
struct NodeReport: Equatable {
    var process: String
    var node: Fleet.Node
    /// Its process ends, and it has nobody any more.
    var hasEnded = false
    /// Orders that it gives, and those of others that it has carried out.
    var orders: [NodeOrder] = []
    var carriedOut: [CarriedOutOrder] = []

    var json: [UInt8] {
        var text = ByteBuffer()
        for (name, value) in [
            ("{\"process\":", process), (",\"address\":", node.address), (",\"version\":", node.version),
            (",\"epoch\":", node.epoch),
        ] {
            text.append(name)
            text.append(jsonString: value)
        }
        text.append(
            ",\"position\":\(node.position),\"lag\":\(node.lag),\"connections\":\(node.connections)")
        if node.isDraining { text.append(",\"draining\":true") }
        if hasEnded { text.append(",\"ended\":true") }
        for (place, order) in orders.enumerated() {
            text.append(place == 0 ? ",\"orders\":[{\"id\":" : ",{\"id\":")
            text.append(jsonString: order.id)
            text.append(",\"content\":")
            text.append(jsonString: order.content.span)
            text.append(place == orders.count - 1 ? "}]" : "}")
        }
        for (place, done) in carriedOut.enumerated() {
            text.append(place == 0 ? ",\"carriedOut\":[{\"id\":" : ",{\"id\":")
            text.append(jsonString: done.id)
            text.append(",\"count\":\(done.count)")
            text.append(place == carriedOut.count - 1 ? "}]" : "}")
        }
        text.append("}")
        return text.bytes.array
    }

    init(process: String, node: Fleet.Node) {
        self.process = process
        self.node = node
    }

    /// Nil: it says nothing that can be understood.
    init?(of name: String, json: [UInt8]) {
        self.init(process: "", node: Fleet.Node(name: name))
        do {
            _ = try UTF8Span(validating: json.span)
            try read(json.span)
        } catch {
            return nil
        }
    }

    private mutating func read(_ json: Span<UInt8>) throws(JSONFailure) {
        var scanner = JSONScanner(json)
        try scanner.enterObject()
        while let name = try scanner.nextMember() {
            if name.equals("process", in: json) {
                process = try scanner.optionalText()
            } else if name.equals("address", in: json) {
                node.address = try scanner.optionalText()
            } else if name.equals("version", in: json) {
                node.version = try scanner.optionalText()
            } else if name.equals("epoch", in: json) {
                node.epoch = try scanner.optionalText()
            } else if name.equals("position", in: json) {
                node.position = try scanner.wholeNumber()
            } else if name.equals("lag", in: json) {
                node.lag = try scanner.wholeNumber()
            } else if name.equals("connections", in: json) {
                node.connections = Int(clamping: try scanner.wholeNumber())
            } else if name.equals("draining", in: json) {
                node.isDraining = try scanner.boolean()
            } else if name.equals("ended", in: json) {
                hasEnded = try scanner.boolean()
            } else if name.equals("orders", in: json) {
                try scanner.enterArray()
                while try scanner.nextElement() {
                    let order = try OrderWord(&scanner, in: json)
                    orders.append(NodeOrder(id: order.id, content: order.content))
                }
            } else if name.equals("carriedOut", in: json) {
                try scanner.enterArray()
                while try scanner.nextElement() {
                    let order = try OrderWord(&scanner, in: json)
                    carriedOut.append(CarriedOutOrder(id: order.id, count: order.count))
                }
            } else {
                _ = try scanner.value()
            }
        }
        try scanner.end()
    }
}

/// What stands in a report of an order.
private struct OrderWord {
    var id = ""
    var content: [UInt8] = []
    var count = 0

    init(_ scanner: inout JSONScanner, in json: Span<UInt8>) throws(JSONFailure) {
        try scanner.enterObject()
        while let name = try scanner.nextMember() {
            if name.equals("id", in: json) {
                id = try scanner.optionalText()
            } else if name.equals("content", in: json) {
                content = Array(try scanner.optionalText().utf8)
            } else if name.equals("count", in: json) {
                count = Int(clamping: try scanner.wholeNumber())
            } else {
                _ = try scanner.value()
            }
        }
    }
}
