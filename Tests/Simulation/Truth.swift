/// What was published, kept whole: every update of every topic, and what the gateway may have forgotten of it.
import Broker
import Primitives

struct Truth {
    struct Update {
        let sequence: UInt64
        let version: UInt64
        let isTombstone: Bool
        let accepted: Instant
        /// The update exactly as every reader must get it.
        let payload: Payload
    }

    struct Topic {
        let keeps: Int
        let mask: UInt64
        var updates: [Update] = []
        var isPurged = true

        var isEnded: Bool { updates.last?.isTombstone ?? true }

        /// The number of updates at or before `sequence`.
        func count(upTo sequence: UInt64) -> Int {
            guard let last = updates.last else { return 0 }
            if last.sequence <= sequence { return updates.count }
            var low = 0
            var high = updates.count - 1
            while low < high {
                let middle = (low + high) / 2
                if updates[middle].sequence <= sequence { low = middle + 1 } else { high = middle }
            }
            return low
        }

        /// Where a snapshot taken at `sequence` begins.
        func snapshotStart(at sequence: UInt64) -> Int {
            let end = count(upTo: sequence)
            if end == 0 || updates[end - 1].isTombstone { return end }
            let least = max(end - max(keeps, 1), 0)
            for index in stride(from: end - 1, to: least, by: -1) where updates[index - 1].isTombstone {
                return index
            }
            return least
        }

        /// Whether it had held a value, and held none at `sequence`.
        func hasEnded(at sequence: UInt64) -> Bool {
            let end = count(upTo: sequence)
            return end > 0 && updates[end - 1].isTombstone
        }

        /// Whether it held a value at every moment from `sequence` on.
        func isAlive(since sequence: UInt64) -> Bool {
            let start = count(upTo: sequence)
            guard start > 0 else { return false }
            return !updates[(start - 1)...].contains(where: \.isTombstone)
        }
    }

    /// Something that a publisher sent, known by a number in its value.
    struct Publication {
        let topic: Int
        /// The value on one line.
        let data: [UInt8]
        /// Where it came to stand; -1 as long as it has not.
        var index = -1
    }

    private(set) var topics: [Topic]
    private(set) var sequence: UInt64 = 0
    private(set) var purgedSequence: UInt64 = 0
    private(set) var publications: [Publication] = []
    /// Every line that a reader may get, by its hash.
    private var places: [UInt64: (topic: Int, index: Int)] = [:]
    /// From the sequencer's numbers to ours.
    private var numbers: [Int] = []

    init() {
        topics = Universe.standard.names.map { Topic(keeps: $0.keeps, mask: $0.mask) }
    }

    // MARK: Publishing

    /// Takes note of what is about to be published and returns its number, which `data` carries.
    mutating func announce(_ topic: Int, padding: Int) -> (number: Int, data: [UInt8]) {
        let number = publications.count
        let data = Array("[\(number),\"\(String(repeating: "x", count: padding))\"]".utf8)
        publications.append(Publication(topic: topic, data: data))
        return (number, data)
    }

    mutating func apply(_ entry: AcceptedUpdate) throws(SimulationFailure) {
        switch entry.event {
        case .created: try create(entry)
        case .purged:
            topics[numbers[entry.topic]].isPurged = true
            purgedSequence = max(purgedSequence, entry.sequence)
        case .stale:
            // A place in the order that says nothing to those that did not ask.
            guard entry.sequence == sequence + 1 else {
                throw SimulationFailure("event \(entry.sequence) follows on \(sequence)")
            }
            sequence = entry.sequence
        case .value: try append(entry, isTombstone: false)
        case .tombstone: try append(entry, isTombstone: true)
        }
    }

    // MARK: Restarts

    /// A gateway goes on from where another one was: all that was accepted is there, or, where `isShortened`, a beginning of it.
    mutating func goOn(
        with beginning: SimulatedGateway.Beginning, at survived: UInt64, isShortened: Bool
    ) throws(SimulationFailure) {
        guard survived == sequence || isShortened && survived < sequence else {
            throw SimulationFailure("of \(sequence) updates \(survived) are there again")
        }
        sequence = survived
        purgedSequence = beginning.purgedSequence
        numbers = Array(repeating: -1, count: (beginning.topics.keys.max() ?? -1) + 1)
        for topic in topics.indices {
            forget(topic, after: survived)
            topics[topic].isPurged = true
        }
        for (number, name) in beginning.topics {
            let quoted = Universe.quoted(name.text).dropFirst().dropLast()
            guard let topic = Universe.standard.number(ofQuoted: quoted) else {
                throw SimulationFailure("a topic that nobody published: \(name.text)")
            }
            numbers[number] = topic
            topics[topic].isPurged = false
            let (line, version) = beginning.latest[number] ?? (name, 0)
            guard let last = topics[topic].updates.last, last.version == version,
                last.payload.unsafeBytes.elementsEqual(line.unsafeBytes)
            else { throw SimulationFailure("began with \(line.text)") }
        }
        for (number, topic) in topics.enumerated() where topic.isPurged && !topic.isEnded {
            throw SimulationFailure("\(Universe.standard.names[number].text) is gone")
        }
    }

    private mutating func forget(_ topic: Int, after survived: UInt64) {
        while let last = topics[topic].updates.last, last.sequence > survived {
            topics[topic].updates.removeLast()
            places[Self.hash(last.payload.unsafeBytes)] = nil
            guard let number = Self.number(in: last.payload.unsafeBytes), !last.isTombstone else { continue }
            publications[number].index = -1
        }
    }

    private mutating func create(_ entry: AcceptedUpdate) throws(SimulationFailure) {
        let name = Universe.quoted(entry.payload.text).dropFirst().dropLast()
        guard let topic = Universe.standard.number(ofQuoted: name) else {
            throw SimulationFailure("a topic that nobody published: \(entry.payload.text)")
        }
        while numbers.count <= entry.topic { numbers.append(-1) }
        numbers[entry.topic] = topic
    }

    private mutating func append(_ entry: AcceptedUpdate, isTombstone: Bool) throws(SimulationFailure) {
        let topic = numbers[entry.topic]
        let index = topics[topic].updates.count
        guard entry.sequence == sequence + 1 else {
            throw SimulationFailure("update \(entry.sequence) follows on \(sequence)")
        }
        let last = topics[topic].updates.last?.version ?? 0
        if entry.version != last + 1, !topics[topic].isPurged || entry.version <= last {
            throw SimulationFailure("version \(entry.version) follows on \(last): \(entry.payload.text)")
        }
        sequence = entry.sequence
        topics[topic].isPurged = false
        if !isTombstone { try settle(entry.payload, topic, index) }
        places[Self.hash(entry.payload.unsafeBytes)] = (topic, index)
        topics[topic].updates.append(
            Update(
                sequence: entry.sequence, version: entry.version, isTombstone: isTombstone,
                accepted: entry.accepted, payload: entry.payload))
    }

    /// Finds what was published in what was accepted: each thing once, unchanged.
    private mutating func settle(_ payload: Payload, _ topic: Int, _ index: Int) throws(SimulationFailure) {
        let bytes = payload.unsafeBytes
        guard let number = Self.number(in: bytes), number < publications.count else {
            throw SimulationFailure("accepted what nobody published: \(payload.text)")
        }
        let publication = publications[number]
        guard publication.topic == topic, publication.index < 0,
            bytes.dropLast().suffix(publication.data.count).elementsEqual(publication.data)
        else {
            throw SimulationFailure(
                publication.index < 0
                    ? "accepted \(payload.text) for \(publication.data.text)"
                    : "accepted twice: \(payload.text)")
        }
        publications[number].index = index
    }

    /// The number behind `"data":[`.
    private static func number(in line: UnsafeBufferPointer<UInt8>) -> Int? {
        let mark: StaticString = "\"data\":["
        var place = 0
        while place + 8 < line.count {
            if line[place + 7] == ASCII.openBracket, line[place + 6] == ASCII.colon,
                (0..<8).allSatisfy({ line[place + $0] == mark.utf8Start[$0] })
            {
                var value = 0
                place += 8
                while place < line.count, ASCII.isDigit(line[place]) {
                    value = value * 10 + Int(line[place] - 0x30)
                    place += 1
                }
                return value
            }
            place += 1
        }
        return nil
    }

    // MARK: Looking up

    /// The update that reads so; nil where none does.
    func find(_ line: Span<UInt8>) -> (topic: Int, index: Int)? {
        line.withUnsafeBufferPointer { bytes in
            guard let place = places[Self.hash(bytes)],
                topics[place.topic].updates[place.index].payload.unsafeBytes.elementsEqual(bytes)
            else { return nil }
            return place
        }
    }

    private static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return hash
    }
}
