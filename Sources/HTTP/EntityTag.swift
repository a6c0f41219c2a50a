import Primitives

/// An entity tag that a client presents, without its quotes and weakness (RFC 9110 §8.8.3).
///
/// Whoever compresses an answer on its way changes its tag: nginx, HAProxy and CDNs make it weak, others append a mark, such as
/// `-gzip` (Apache, lighttpd, Caddy), `-br`, `;gzip` or `--gzip` (Jetty). The client presents what it was given. So tags are compared
/// weakly, and a mark counts for nothing: it begins with a byte that is neither letter nor digit, and what it says is
/// its maker's business.
package struct EntityTag: Sendable, Equatable {
    package let text: [UInt8]

    package init(_ text: [UInt8]) {
        self.text = text
    }

    /// Whether `own`, without its quotes, was sent with the answer that the client holds.
    package func comesFrom(_ own: [UInt8]) -> Bool {
        text.starts(with: own) && isWhole(own.count)
    }

    /// All that the tag may have been before somebody appended marks, of at most `byteCountLimit` bytes: the longest first. Behind a
    /// digit, with which the tags end that are taken apart so, a mark may begin with a letter.
    package func originals(upTo byteCountLimit: Int) -> [[UInt8]] {
        stride(from: min(text.count, byteCountLimit), to: 0, by: -1)
            .filter { isWhole($0) || ASCII.isDigit(text[$0 - 1]) && !ASCII.isDigit(text[$0]) }
            .map { Array(text.prefix($0)) }
    }

    /// Whether the tag or a mark ends before `end`.
    private func isWhole(_ end: Int) -> Bool { end == text.count || !ASCII.isLetterOrDigit(text[end]) }

    /// Reads a list of tags. Backslashes and commas in a tag have no meaning. One that lost its quotes on the way is taken as it is,
    /// and what stands behind a closing quote, where Apache once put its mark, is passed over.
    static func readList(_ list: Span<UInt8>, into tags: inout [EntityTag]) {
        var position = 0
        while position < list.count {
            if Syntax.isWhiteSpace(list[position]) || list[position] == ASCII.comma {
                position += 1
                continue
            }
            if position + 1 < list.count, ASCII.lowercased(list[position]) == UInt8(ascii: "w"),
                list[position + 1] == ASCII.slash
            {
                position += 2
            }
            if let text = next(list, &position) { tags.append(EntityTag(text)) }
            while position < list.count, list[position] != ASCII.comma { position += 1 }
        }
    }

    /// The tag that begins at `position`; nil for one whose quotes never close.
    private static func next(_ list: Span<UInt8>, _ position: inout Int) -> [UInt8]? {
        let isQuoted = position < list.count && list[position] == ASCII.quote
        let start = isQuoted ? position + 1 : position
        let end = isQuoted ? ASCII.quote : ASCII.comma
        position = start
        while position < list.count, list[position] != end { position += 1 }
        if isQuoted { return position < list.count ? list.extracting(start..<position).array : nil }
        let bare = Syntax.trimmed(start..<position, of: list)
        return bare.isEmpty ? nil : list.extracting(bare).array
    }
}

/// The value of If-None-Match, or of If-Match: what the client holds.
package enum EntityTagCondition: Sendable, Equatable {
    /// `*`: something, whatever it is.
    case any
    case tags([EntityTag])

    /// Whether the client holds the answer that was sent with `own`.
    package func covers(_ own: [UInt8]) -> Bool {
        switch self {
        case .any: true
        case .tags(let tags): tags.contains { $0.comesFrom(own) }
        }
    }
}
