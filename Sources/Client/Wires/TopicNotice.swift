/// What a gateway says of one topic besides its updates: a gap, or that its value is stale. The same members on all transports.
internal import Primitives

struct TopicNotice {
    private var topic: [UInt8] = []
    private var next: UInt64 = 0
    private var missed: UInt64?
    private var since: UInt64 = 0

    var gap: Gap { Gap(topic: topic, next: next, missed: missed) }
    var staleness: Staleness { Staleness(topic: topic, since: since) }

    init() {}

    /// Reads the next object, which has no other members that mean something.
    init(_ scanner: inout JSONScanner) throws(JSONFailure) {
        try scanner.enterObject()
        while let name = try scanner.nextMember() {
            if try !read(name, &scanner) { _ = try scanner.value() }
        }
    }

    init(_ text: [UInt8]) throws(JSONFailure) {
        var scanner = JSONScanner(text.span)
        try self.init(&scanner)
    }

    /// Reads the member `name` if it is one of these; else the scanner stays where it is.
    mutating func read(_ name: JSONString, _ scanner: inout JSONScanner) throws(JSONFailure) -> Bool {
        let text = scanner.bytes
        if name.equals("topic", in: text) {
            topic = try scanner.string().decoded(in: text) ?? []
        } else if name.equals("next", in: text) {
            next = try scanner.wholeNumber()
        } else if name.equals("missed", in: text) {
            missed = try scanner.null() ? nil : try scanner.wholeNumber()
        } else if name.equals("since", in: text) {
            since = try scanner.wholeNumber()
        } else {
            return false
        }
        return true
    }
}
