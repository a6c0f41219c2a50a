/// Publishes single values and tombstones; each gets an answer of its own, and is published once though it be sent again after a cut.
internal import HTTP
internal import Primitives
package import Transport

package final class Publisher {
    private let connection: HTTPConnection
    private var generator = SystemRandomNumberGenerator()

    package init(to url: GatewayURL, stop: Wakeup? = nil) {
        connection = HTTPConnection(to: url, stop: stop)
    }

    /// Publishes `value`, which is JSON; returns the gateway's line: topic, version and time. `timeToLive`: after so many
    /// seconds without a newer one the topic ends; `at`: when it happened, Unix milliseconds. What comes to the gateway under the
    /// same `key` again is published once; nil: this call is. `ifVersion`: only if the topic has this version; 0: if it is not there.
    package func publish(
        _ value: [UInt8], to topic: String, timeToLive: Double? = nil, at: UInt64? = nil,
        ifVersion: UInt64? = nil, under key: RequestKey? = nil
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
        let call = HTTPCall(.put, path(of: topic) + query.bytes.text, body: value)
        return try send(call, ifVersion, key)
    }

    /// Ends `topic`; returns the tombstone's line.
    package func delete(
        _ topic: String, ifVersion: UInt64? = nil, under key: RequestKey? = nil
    ) throws(ClientFailure) -> [UInt8] {
        try send(HTTPCall(.delete, path(of: topic)), ifVersion, key)
    }

    private func send(
        _ call: HTTPCall, _ ifVersion: UInt64?, _ key: RequestKey?
    ) throws(ClientFailure) -> [UInt8] {
        var call = call
        call.ifVersion = ifVersion
        call.key = key ?? RequestKey(from: &generator)
        return try connection.send(call)
    }

    private func path(of topic: String) -> String {
        var path = ByteBuffer()
        path.append("/topics/")
        path.append(percentEncoded: Array(topic.utf8).span)
        return path.bytes.text
    }
}
