/// The nodes that a request came through, as proxies write them down: `X-Forwarded-For`, and `Forwarded` (RFC 7239).
internal import Primitives

/// Lists of nodes, the nearest first. A proxy adds what it knows at the end; all before may have been written by anybody.
package enum ForwardedNodes {
    /// So many of a list's last elements are looked at. Nobody has more proxies, and whoever writes more is up to something.
    package static let limit = 32

    /// The elements of the lines of `X-Forwarded-For`.
    package static func listed(in lines: [[UInt8]]) -> [[UInt8]] {
        last(of: lines) { line, element in Array(line[element]) }
    }

    /// What the elements of the lines of `Forwarded` call `for`; empty where one does not, or breaks the grammar.
    package static func forwarded(in lines: [[UInt8]]) -> [[UInt8]] {
        last(of: lines) { line, element in node(of: element, in: line.span) ?? [] }
    }

    /// Lines are taken one by one: a quotation mark without a partner, in a line that a client wrote, reaches into no other.
    private static func last(
        of lines: [[UInt8]], _ node: ([UInt8], Range<Int>) -> [UInt8]
    ) -> [[UInt8]] {
        var nodes: [[UInt8]] = []
        for line in lines.reversed() {
            for element in lastElements(of: line.span) {
                guard nodes.count < limit else { return nodes }
                nodes.append(node(line, element))
            }
        }
        return nodes
    }

    private static func lastElements(of line: Span<UInt8>) -> ReversedCollection<ArraySlice<Range<Int>>> {
        var elements: [Range<Int>] = []
        var cursor = ListCursor(0..<line.count)
        while let element = cursor.next(in: line) {
            if elements.count == 2 * limit { elements.removeFirst(limit) }
            elements.append(element)
        }
        return elements.suffix(limit).reversed()
    }

    /// The one `for` of an element (RFC 7239 §4).
    private static func node(of element: Range<Int>, in line: Span<UInt8>) -> [UInt8]? {
        var node: [UInt8]?
        var cursor = ListCursor(element)
        while let pair = cursor.next(in: line, separator: ASCII.semicolon) {
            guard let equals = pair.first(where: { line[$0] == ASCII.equals }) else { return nil }
            let name = line.extracting(pair.lowerBound..<equals)
            guard let value = value(of: line.extracting(equals + 1..<pair.upperBound)) else { return nil }
            guard ASCII.equalIgnoringCase(name, "for") else { continue }
            guard node == nil else { return nil }
            node = value
        }
        return node
    }

    /// A value without its quotation marks. Without any it should be a token, but addresses with a port are seen there, too.
    private static func value(of text: Span<UInt8>) -> [UInt8]? {
        guard text.count > 0, text[0] == ASCII.quote else {
            for place in text.indices where text[place] == ASCII.quote || text[place] <= ASCII.space {
                return nil
            }
            return text.array
        }
        var value: [UInt8] = []
        var place = 1
        while place < text.count {
            switch text[place] {
            case ASCII.quote: return place == text.count - 1 ? value : nil
            case ASCII.backslash:
                guard place + 1 < text.count else { return nil }
                value.append(text[place + 1])
                place += 2
            default:
                value.append(text[place])
                place += 1
            }
        }
        return nil
    }
}
