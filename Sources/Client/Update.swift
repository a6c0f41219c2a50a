/// One new value of one topic: the line of JSON that carried it, and where its members are.
package import Primitives

package struct Update: Sendable, Equatable {
    /// The whole update, on one line.
    package let line: [UInt8]
    /// The topic's name as UTF-8, unescaped.
    package let topic: [UInt8]
    package let version: UInt64
    /// When the gateway accepted it, Unix milliseconds.
    package let time: UInt64
    /// When it happened by the publisher's own clock, Unix milliseconds; nil where it does not say.
    package let at: UInt64?
    /// Where the value is in `line`; nil for a tombstone.
    package let data: Range<Int>?

    /// A tombstone because the topic's time to live is over.
    package let isExpired: Bool
    /// What a list of topics says besides: seconds since the gateway accepted it, and whether it counts as stale.
    package let age: Double?
    package let isStale: Bool

    package var isTombstone: Bool { data == nil }
    /// When it happened, as far as is known: the moment that ages are counted from.
    package var moment: UInt64 { at ?? time }

    /// Reads a line that holds one update and nothing else.
    package init(line: [UInt8]) throws(JSONFailure) {
        var scanner = JSONScanner(line.span)
        let members = try Members(&scanner)
        try scanner.end()
        self.init(line: line, members)
    }

    /// Reads the next update inside a larger text.
    init(_ scanner: inout JSONScanner) throws(JSONFailure) {
        _ = scanner.peek()  // Skips the white space in front of it.
        let start = scanner.position
        var members = try Members(&scanner)
        members.data = members.data.map { ($0.lowerBound - start)..<($0.upperBound - start) }
        self.init(line: scanner.bytes.extracting(start..<scanner.position).array, members)
    }

    private init(line: [UInt8], _ members: Members) {
        self.line = line
        topic = members.topic
        version = members.version
        time = members.time
        at = members.at
        isExpired = members.isExpired
        age = members.age
        isStale = members.isStale
        data = members.data
    }

    /// The members of an update's object, in any order. Unknown members belong to later protocols.
    private struct Members {
        var topic: [UInt8] = []
        var version: UInt64 = 0
        var time: UInt64 = 0
        var at: UInt64?
        var isExpired = false
        var age: Double?
        var isStale = false
        var data: Range<Int>?

        init(_ scanner: inout JSONScanner) throws(JSONFailure) {
            let text = scanner.bytes
            var isDeleted = false
            try scanner.enterObject()
            while let name = try scanner.nextMember() {
                if name.equals("topic", in: text) {
                    topic = try scanner.string().decoded(in: text) ?? []
                } else if name.equals("version", in: text) {
                    version = try scanner.wholeNumber()
                } else if name.equals("time", in: text) {
                    time = try scanner.wholeNumber()
                } else if name.equals("data", in: text) {
                    data = try scanner.value()
                } else if name.equals("deleted", in: text) {
                    isDeleted = try scanner.boolean()
                } else {
                    try read(name, &scanner)
                }
            }
            if isDeleted { data = nil }
            guard !topic.isEmpty, version > 0, isDeleted || data != nil else {
                throw JSONFailure(offset: scanner.position, reason: "an update lacks topic, version or data")
            }
        }

        /// A member that few updates have.
        private mutating func read(_ name: JSONString, _ scanner: inout JSONScanner) throws(JSONFailure) {
            let text = scanner.bytes
            if name.equals("at", in: text) {
                at = try scanner.wholeNumber()
            } else if name.equals("expired", in: text) {
                isExpired = try scanner.boolean()
            } else if name.equals("age", in: text) {
                age = Double(text.extracting(try scanner.value()).text)
            } else if name.equals("stale", in: text) {
                isStale = try scanner.boolean()
            } else {
                _ = try scanner.value()
            }
        }
    }
}

/// Updates of one topic that this reader has lost.
package struct Gap: Sendable, Equatable {
    package var topic: [UInt8] = []
    /// The version of the next update.
    package var next: UInt64 = 0
    /// How many were lost, if the gateway knows.
    package var missed: UInt64?

    package init(topic: [UInt8] = [], next: UInt64 = 0, missed: UInt64? = nil) {
        self.topic = topic
        self.next = next
        self.missed = missed
    }
}

/// A topic whose latest value counts as stale.
package struct Staleness: Sendable, Equatable {
    package var topic: [UInt8] = []
    /// Since when, Unix milliseconds.
    package var since: UInt64 = 0

    package init(topic: [UInt8], since: UInt64) {
        self.topic = topic
        self.since = since
    }
}

extension JSONScanner {
    /// The updates of an array, appended to `events`.
    mutating func updates(into events: inout [WireEvent]) throws(JSONFailure) {
        try enterArray()
        while try nextElement() { events.append(.update(try Update(&self))) }
    }
}
