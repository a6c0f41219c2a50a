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
        text.append(node.isDraining ? ",\"draining\":true}" : "}")
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
            } else {
                _ = try scanner.value()
            }
        }
        try scanner.end()
    }
}
