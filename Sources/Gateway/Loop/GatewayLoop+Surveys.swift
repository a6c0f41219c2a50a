/// Answers to questions about all connections of the loop, a few of them at a time.
internal import Access
internal import Broker
internal import Primitives
internal import Transport

/// A question, and what has been found out so far: first which connections are the slowest, then what there is to say of them.
final class SurveyUnderWay {
    let survey: ConnectionSurvey
    /// The next connection to look at.
    fileprivate var place = 0
    fileprivate var connectionCount = 0
    /// The slowest ones, of which the survey's limit counts, and some more: their keys, because a connection that is gone must not
    /// stay for a question's sake.
    fileprivate var found: [(key: ReaderKey, slowness: ConnectionSurvey.Slowness)] = []
    fileprivate var rows: [ConnectionSurvey.Row] = []
    /// The next of those found to write a row of.
    fileprivate var foundPlace = 0
    fileprivate var byteCount = 0

    init(_ survey: ConnectionSurvey) {
        self.survey = survey
    }

    fileprivate func keepSlowest() {
        found.sort { $0.slowness > $1.slowness }
        if found.count > survey.limit { found.removeLast(found.count - survey.limit) }
    }
}

extension GatewayLoop {
    /// Rows that are written before the clock is looked at.
    private static let writtenCount = 16

    /// Goes on with the questions in turns.
    func surveyConnections() {
        guard !surveys.isEmpty else { return }
        beginShare(Share.surveys)
        repeat {
            guard let asked = surveys.popFirst() else { return }
            if asked.place < connections.count {
                lookOn(asked)
            } else if !writeOn(asked) {
                asked.survey.report(asked.rows, of: asked.connectionCount)
                continue
            }
            surveys.append(asked)
        } while !isShareSpent
    }

    private func lookOn(_ asked: SurveyUnderWay) {
        let isOver = visitConnections(from: &asked.place) { connection in
            asked.connectionCount += 1
            asked.found.append((connection.key, slowness(of: connection)))
            if asked.found.count >= 2 * asked.survey.limit { asked.keepSlowest() }
        }
        if isOver { asked.keepSlowest() }
    }

    /// Returns whether there is more to write.
    private func writeOn(_ asked: SurveyUnderWay) -> Bool {
        let end = min(asked.foundPlace + Self.writtenCount, asked.found.count)
        for (key, slowness) in asked.found[asked.foundPlace..<end] {
            guard let connection = connection(of: key) else { continue }
            let row = ConnectionSurvey.Row(slowness: slowness, text: text(of: connection))
            asked.byteCount += row.text.byteCount
            guard asked.byteCount <= asked.survey.byteLimit else { return false }
            asked.rows.append(row)
        }
        asked.foundPlace = end
        return end < asked.found.count
    }

    private func slowness(of connection: Connection) -> ConnectionSurvey.Slowness {
        ConnectionSurvey.Slowness(
            stalledNanoseconds: stall(of: connection).nanoseconds,
            conflated: connection.reader?.conflated ?? 0)
    }

    /// `{"address":…,"transport":…,…}`
    private func text(of connection: Connection) -> Payload {
        let reader = connection.reader
        let age = now.since(connection.accepted).inSeconds
        let delivered = reader.map { $0.replica.delivered(to: $0.id) } ?? 0
        var row = ByteBuffer(capacity: 256)
        row.append("{\"address\":")
        row.append(jsonString: connection.peer)
        if !connection.principal.isAnonymous {
            row.append(",\"subject\":")
            row.append(jsonString: connection.principal.name)
        }
        row.append(",\"transport\":\"")
        row.append(connection.transport)
        row.append("\"")
        row.append("age", hundredths: age)
        row.append("topics", reader.map { $0.replica.coveredCount(of: $0.id) } ?? 0)
        row.append(rateMember: connection.maximumRate)
        // Over its whole life.
        row.append("rate", hundredths: age > 0 ? Double(delivered) / age : 0)
        row.append("delivered", Int(delivered))
        row.append("conflated", Int(reader?.conflated ?? 0))
        // Topics whose latest value it has not been sent.
        row.append("marked", reader.map { $0.replica.markCount(of: $0.id) } ?? 0)
        // Those that wait in the gateway and in the kernel.
        row.append("bytesPending", connection.unsentByteCount + connection.stream.unsentByteCount)
        // Since its full socket last took something; 0 where it is not full.
        row.append("stalled", hundredths: stall(of: connection).inSeconds)
        row.append(ASCII.closeBrace)
        return Payload(row.bytes)
    }
}

extension ByteBuffer {
    private mutating func append(name: StaticString) {
        append(",\"")
        append(name)
        append("\":")
    }

    fileprivate mutating func append(_ name: StaticString, _ value: Int) {
        append(name: name)
        append(decimal: UInt64(value))
    }

    fileprivate mutating func append(_ name: StaticString, hundredths value: Double) {
        append(name: name)
        append(jsonNumber: (value * 100).rounded() / 100)
    }
}
