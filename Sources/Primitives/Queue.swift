/// First in, first out. Taking moves nothing, except now and then as many as were taken.
///
/// Inlinable, because another module pays for a generic type's metadata with each call to one that is not.
@frozen public struct Queue<Element> {
    @usableFromInline var elements: [Element] = []
    @usableFromInline var start = 0

    @inlinable public init() {}

    @inlinable public var count: Int { elements.count - start }
    @inlinable public var isEmpty: Bool { start == elements.count }
    @inlinable public var first: Element? { start < elements.count ? elements[start] : nil }

    @inlinable public mutating func append(_ element: Element) {
        elements.append(element)
    }

    @inlinable public mutating func append(contentsOf more: some Sequence<Element>) {
        elements.append(contentsOf: more)
    }

    @inlinable public mutating func popFirst() -> Element? {
        guard start < elements.count else { return nil }
        let element = elements[start]
        start += 1
        if start * 2 >= elements.count {
            elements.removeFirst(start)
            start = 0
        }
        return element
    }
}
