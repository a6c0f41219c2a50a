/// What a ticket stands for, as one node of a cluster leaves it for the others: JSON, by wall clocks.
internal import Broker
package import Primitives

extension Principal {
    /// Another number: what it says may mean something else, or lack a limit that its maker has set.
    private static let noteVersion = 1.0

    /// Nil where it rests on nothing: nobody could tell later whether it still holds.
    package func note(at time: UnixTime, _ now: Instant) -> [UInt8]? {
        guard let basis else { return nil }
        var note = ByteBuffer()
        note.append("{\"version\":")
        note.append(jsonNumber: Self.noteVersion)
        for (name, value) in [(",\"name\":", name), (",\"basis\":", basis.hexadecimal), (",\"key\":", key)] {
            guard let value else { continue }
            note.append(name)
            note.append(jsonString: value)
        }
        note.append(",\"granted\":\(isGranted)")
        note.append(",\"subscribe\":", rights.subscribe)
        note.append(",\"publish\":", rights.publish)
        if let rate = rights.maximumRate {
            note.append(",\"maxRate\":")
            note.append(jsonNumber: rate)
        }
        if let limit = rights.connectionLimit { note.append(",\"connections\":\(limit)") }
        if let expires {
            let end = time.milliseconds + end.since(now).nanoseconds / 1_000_000
            note.append(",\"expires\":\(expires.milliseconds),\"end\":\(end)")
        }
        note.append("}")
        return note.bytes.array
    }

    /// The principal of a ticket that somebody has left; nil where the note can't be understood, or is over. Whether what it rests on
    /// is still believed, `Succession` says.
    package convenience init?(ofTicket note: [UInt8], at time: UnixTime, _ now: Instant) {
        guard let object = UniqueObject(note) else { return nil }
        do {
            guard try object.number("version") == Self.noteVersion, let name = try object.text("name"),
                let basis = try object.string("basis").flatMap({ Digest(hexadecimal: $0.span) }),
                let isGranted = try object.boolean("granted")
            else { return nil }
            var rights = Rights()
            rights.subscribe = try Rights.Scope(noted: object.strings("subscribe"))
            rights.publish = try Rights.Scope(noted: object.strings("publish"))
            rights.maximumRate = try object.number("maxRate")
            rights.connectionLimit = try object.number("connections").flatMap { Int(exactly: $0) }
            var term = Term()
            if object.has("end") || object.has("expires") {
                guard let end = try object.moment("end"), let expires = try object.moment("expires"),
                    time < end
                else { return nil }
                let life = Interval(milliseconds: end.milliseconds - time.milliseconds)
                term = Term(expires: expires, after: life, now: now)
            }
            self.init(
                name, rights, .ticket, key: try object.text("key"), restingOn: basis, isGranted: isGranted,
                term)
        } catch {
            return nil
        }
    }
}

extension UniqueObject {
    /// Milliseconds since 1970.
    fileprivate func moment(_ name: StaticString) throws(WrongKind) -> UnixTime? {
        try number(name).flatMap { UInt64(exactly: $0) }.map { UnixTime(milliseconds: $0) }
    }
}

extension Rights.Scope {
    /// As they stand in a note, where nothing stands for a subject any more.
    fileprivate init(noted texts: [[UInt8]]?) throws {
        self.init(try (texts ?? []).map { try TopicPattern($0.span) })
    }
}

extension ByteBuffer {
    fileprivate mutating func append(_ name: StaticString, _ scope: Rights.Scope) {
        append(name)
        for (place, pattern) in scope.patterns.enumerated() {
            append(place == 0 ? "[" : ",")
            append(jsonString: pattern.text.span)
        }
        append(scope.patterns.isEmpty ? "[]" : "]")
    }
}
