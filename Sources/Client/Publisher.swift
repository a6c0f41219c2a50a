/// Publishes single values and tombstones; each gets an answer of its own.
internal import HTTP
internal import Primitives
package import Transport

package final class Publisher {
    private let connection: HTTPConnection

    package init(to url: GatewayURL, stop: Wakeup? = nil) {
        connection = HTTPConnection(to: url, stop: stop)
    }

    /// Publishes `value`, which is JSON; returns the gateway's line: topic, version and time. `timeToLive`: after so many
    /// seconds without a newer one the topic ends; `at`: when it happened, Unix milliseconds.
    package func publish(
        _ value: [UInt8], to topic: String, timeToLive: Double? = nil, at: UInt64? = nil
    ) throws(ClientFailure) -> [UInt8] {
        var query = ByteBuffer()
        if let timeToLive {
            query.append("?ttl=")
            query.append(jsonNumber: timeToLive)
        }
        if let at {
            query.append(query.isEmpty ? "?at=" : "&at=")
            query.append(decimal: at)
        }
        return try connection.send(HTTPCall(.put, path(of: topic) + query.bytes.text, body: value))
    }

    /// Ends `topic`; returns the tombstone's line.
    package func delete(_ topic: String) throws(ClientFailure) -> [UInt8] {
        try connection.send(HTTPCall(.delete, path(of: topic)))
    }

    private func path(of topic: String) -> String {
        var path = ByteBuffer()
        path.append("/topics/")
        path.append(percentEncoded: Array(topic.utf8).span)
        return path.bytes.text
    }
}
