/// A gateway's message without updates: the members that any such message can have.
internal import Primitives

struct Notice {
    var resumed: Bool?
    var isAway = false
    var reason = ""
    var reconnectAfter: UInt64?
    var code = ""
    var message = ""

    init() {}

    init(_ text: [UInt8]) throws(JSONFailure) {
        var scanner = JSONScanner(text.span)
        guard scanner.peek() == .object else { return }
        try scanner.enterObject()
        while let name = try scanner.nextMember() { try read(name, &scanner) }
    }

    /// Reads the member `name`, or skips it.
    mutating func read(_ name: JSONString, _ scanner: inout JSONScanner) throws(JSONFailure) {
        let text = scanner.bytes
        if name.equals("resumed", in: text) {
            resumed = try scanner.boolean()
        } else if name.equals("stale", in: text) {
            isAway = try scanner.boolean()
        } else if name.equals("reason", in: text) {
            reason = try scanner.optionalText()
        } else if name.equals("reconnectAfter", in: text) {
            reconnectAfter = try scanner.wholeNumber()
        } else if name.equals("code", in: text) {
            code = try scanner.optionalText()
        } else if name.equals("message", in: text) {
            message = try scanner.optionalText()
        } else {
            _ = try scanner.value()
        }
    }
}

/// What a link was last told of whether the gateway has the stream of updates.
struct AwaySign {
    private var isAway = false

    mutating func hear(_ isAway: Bool, into events: inout [WireEvent]) {
        guard isAway != self.isAway else { return }
        self.isAway = isAway
        events.append(.away(isAway))
    }
}
