/// First in, first out. It grows and shrinks by pieces: however long it is, no step moves more than one of them.
///
/// Inlinable, because another module pays for a generic type's metadata with each call to one that is not.
@frozen public struct Queue<Element> {
    /// What is taken next, from `start` on.
    @usableFromInline var head: [Element] = []
    @usableFromInline var start = 0
    /// The pieces behind it; all but the last are full.
    @usableFromInline var others: [[Element]] = []

    /// Elements of a piece.
    @inlinable static var pieceCount: Int { 512 }

    @inlinable public init() {}

    @inlinable public var count: Int {
        let behind = others.last.map { (others.count - 1) * Self.pieceCount + $0.count } ?? 0
        return head.count - start + behind
    }
    @inlinable public var isEmpty: Bool { start == head.count }
    @inlinable public var first: Element? { start < head.count ? head[start] : nil }

    @inlinable public mutating func append(_ element: Element) {
        if others.isEmpty {
            if head.count < Self.pieceCount { return head.append(element) }
        } else if others[others.count - 1].count < Self.pieceCount {
            return others[others.count - 1].append(element)
        }
        others.append([element])
    }

    @inlinable public mutating func append(contentsOf more: some Sequence<Element>) {
        for element in more { append(element) }
    }

    @inlinable public mutating func popFirst() -> Element? {
        guard start < head.count else { return nil }
        let element = head[start]
        start += 1
        if others.isEmpty {
            // In a queue that is never empty, as many are moved now and then as were taken.
            if start * 2 >= head.count { dropTaken() }
        } else if start == head.count {
            head = others.removeFirst()
            start = 0
        }
        return element
    }

    /// Visits all, the next to be taken first.
    @inlinable public func visit(_ body: (Element) -> Void) {
        for element in head[start...] { body(element) }
        for piece in others { for element in piece { body(element) } }
    }

    @usableFromInline mutating func dropTaken() {
        head.removeFirst(start)
        start = 0
    }
}

extension Queue: Sendable where Element: Sendable {}

/// A queue that threads share.
extension Monitor {
    public func append<Element>(_ element: Element) where State == Queue<Element> {
        withLock { $0.append(element) }
    }

    /// The next one, for which it waits.
    public func takeFirst<Element>() -> Element where State == Queue<Element> {
        while true {
            if let first = when({ !$0.isEmpty }, by: .never, then: { $0.popFirst() }) ?? nil { return first }
        }
    }
}
