/// The handshakes that a loop has under way.
internal import Broker
internal import Primitives

struct Handshakes {
    /// When all places are taken, a peer that has been silent for so long loses its own to one that waits. So whoever opens
    /// connections and says nothing has to open as many a second as there are places to keep others out.
    static let patience = Interval(.seconds(1))
    /// So many are looked at for one that has lost its place.
    private static let lookLimit = 8

    var limit: Int
    private(set) var count = 0
    /// Those that have begun, in order; some are over already.
    private var begun = Queue<ReaderKey>()

    init(limit: Int) {
        self.limit = limit
    }

    var isFull: Bool { count >= limit }
    /// Whether enough places are free to accept again.
    var isRoomy: Bool { count <= limit - limit / 8 - 1 }

    mutating func begin(_ key: ReaderKey) {
        count += 1
        begun.append(key)
    }

    mutating func end() {
        count -= 1
        if count == 0 { begun = Queue() }
    }

    /// Looks at some for one of which `canGo` says that it may be given up. Those that are over are forgotten.
    mutating func takeOne(_ canGo: (ReaderKey) -> Bool?) -> ReaderKey? {
        for _ in 0..<min(Self.lookLimit, begun.count) {
            guard let key = begun.popFirst(), let mayGo = canGo(key) else { continue }
            if mayGo { return key }
            begun.append(key)
        }
        return nil
    }
}
