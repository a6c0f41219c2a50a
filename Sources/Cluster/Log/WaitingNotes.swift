/// Notes that are to be left or taken, and who waits to be told.
internal import Broker
internal import Primitives

struct WaitingNotes {
    struct Note: Sendable {
        let request: NoteRequest
        let deadline: Instant
        let ticket: NoteTicket
    }

    private var notes = Queue<Note>()
    private(set) var byteCount = 0

    /// So many go in one write, and so many bytes, or one that is longer.
    private static let portionCount = 256
    private static let portionByteCount = 1 << 20

    var isEmpty: Bool { notes.isEmpty }
    var count: Int { notes.count }
    /// All have the same patience, so the first one loses it first.
    var firstDeadline: Instant { notes.first?.deadline ?? .never }

    mutating func append(_ note: Note) {
        notes.append(note)
        byteCount += note.request.byteCount
    }

    mutating func popFirst() -> Note? {
        guard let note = notes.popFirst() else { return nil }
        byteCount -= note.request.byteCount
        return note
    }

    /// Takes all of the others, behind its own.
    mutating func take(_ others: inout WaitingNotes) {
        if isEmpty { return swap(&self, &others) }
        while let note = others.popFirst() { append(note) }
    }

    /// Takes out what goes in the next write.
    mutating func takePortion() -> [Note] {
        var portion: [Note] = []
        var portionBytes = 0
        while portion.count < Self.portionCount, let next = notes.first {
            portionBytes += next.request.byteCount
            if !portion.isEmpty, portionBytes > Self.portionByteCount { break }
            if let note = popFirst() { portion.append(note) }
        }
        return portion
    }
}
