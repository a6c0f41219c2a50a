/// First in, first out. Taking moves nothing, except now and then as many as were taken.
public struct Queue<Element> {
    private var elements: [Element] = []
    private var start = 0

    public init() {}

    public var count: Int { elements.count - start }
    public var isEmpty: Bool { start == elements.count }
    public var first: Element? { start < elements.count ? elements[start] : nil }

    public mutating func append(_ element: Element) {
        elements.append(element)
    }

    public mutating func append(contentsOf more: some Sequence<Element>) {
        elements.append(contentsOf: more)
    }

    public mutating func popFirst() -> Element? {
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
