/// The latest updates of all topics that a pattern covers, a page at a time.
internal import HTTP
internal import Primitives
package import Transport

package final class TopicList {
    private let connection: HTTPConnection
    private let pattern: String
    private let pageSize: Int
    private var after: [UInt8]?
    private var isComplete = false

    package init(of pattern: String, at url: GatewayURL, pageSize: Int = 1000, stop: Wakeup? = nil) {
        connection = HTTPConnection(to: url, stop: stop)
        self.pattern = pattern
        self.pageSize = pageSize
    }

    /// The next page, in UTF-8 order of the topics; nil after the last one.
    package func nextPage() throws(ClientFailure) -> [Update]? {
        guard !isComplete else { return nil }
        let body = try connection.send(HTTPCall(.get, path))
        do throws(JSONFailure) {
            return try read(body.span)
        } catch {
            throw .violation("the list of topics, \(error)")
        }
    }

    private var path: String {
        var path = ByteBuffer()
        path.append("/topics?match=")
        path.append(percentEncoded: Array(pattern.utf8).span)
        path.append("&limit=")
        path.append(decimal: UInt64(pageSize))
        if let after {
            path.append("&after=")
            path.append(percentEncoded: after.span)
        }
        return path.bytes.text
    }

    private func read(_ body: Span<UInt8>) throws(JSONFailure) -> [Update] {
        var updates: [Update] = []
        var next: [UInt8]?
        var scanner = JSONScanner(body)
        try scanner.enterObject()
        while let name = try scanner.nextMember() {
            if name.equals("updates", in: body) {
                try scanner.enterArray()
                while try scanner.nextElement() { updates.append(try Update(&scanner)) }
            } else if name.equals("next", in: body) {
                next = try scanner.optionalString()
            } else {
                _ = try scanner.value()
            }
        }
        // A page whose `next` does not advance would be requested endlessly.
        isComplete = next == nil || next == after
        after = next
        return updates
    }
}
