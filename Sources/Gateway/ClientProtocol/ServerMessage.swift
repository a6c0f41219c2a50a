/// The gateway's messages to a WebSocket client (docs/protocol.md, section 4), one text frame each.
internal import Broker
internal import Primitives
internal import WebSocket

extension Workspace {
    /// Appends one message of the type; `members` appends further members, each with a comma in front.
    func appendMessage(_ type: StaticString, id: [UInt8]?, _ members: (inout ByteBuffer) -> Void = { _ in }) {
        let start = output.beginFrame(expectedByteCount: 126)
        output.append("{\"type\":\"")
        output.append(type)
        output.append(ASCII.quote)
        if let id {
            output.append(",\"id\":")
            output.append(jsonLine: id.span)
        }
        members(&output)
        output.append(ASCII.closeBrace)
        output.endFrame(start, opcode: .text)
    }

    /// One message a topic. The last one carries the cursor.
    func appendStaleMessages(of replica: BrokerReplica) {
        let last = batch.staleNotices.count - 1
        for (place, notice) in batch.staleNotices.enumerated() {
            appendMessage("stale", id: nil) { output in
                output.append(ASCII.comma)
                output.append(notice.unsafeBytes)
                if place == last { output.append(cursorMember: batch.cursor, of: replica) }
            }
        }
    }

    /// One message for all updates of a flush: browsers pay for each message, the kernel for each send.
    func appendUpdatesMessage(_ messages: MessageCompression, of replica: BrokerReplica) {
        guard !batch.entries.isEmpty else { return }
        if case .none = messages {
        } else if replica !== self.replica {
            // What is shared is of the present state.
        } else if compression.isWorthwhile(batch.byteCount) {
            compression.append(
                batch, at: replica.sequence, of: replica.epoch, messages, now: now, to: &output
            ) {
                $0.append(updatesMessage: batch, of: replica)
            }
            return
        }
        let start = output.beginFrame(expectedByteCount: batch.byteCount + batch.entries.count + 80)
        output.append(updatesMessage: batch, of: replica)
        output.endFrame(start, opcode: .text)
    }

    func appendError(_ problem: Problem, id: [UInt8]?, to connection: Connection) {
        note(refusal: problem, of: connection)
        appendMessage("error", id: id) { output in
            output.append(",\"code\":")
            output.append(jsonString: problem.code)
            output.append(",\"message\":")
            output.append(jsonString: problem.detail)
            output.append(membersOf: problem)
        }
    }
}

extension ByteBuffer {
    /// `{"type":"updates","cursor":"…","updates":[…]}`
    mutating func append(updatesMessage batch: borrowing Batch, of replica: BrokerReplica) {
        append("{\"type\":\"updates\"")
        append(cursorMember: batch.cursorOfUpdates, of: replica)
        append(",\"updates\":")
        append(updates: batch)
        append(ASCII.closeBrace)
    }

    /// `,"topics":[…]`
    mutating func append(topicsMember patterns: [TopicPattern]) {
        append(",\"topics\":[")
        var isFirst = true
        for pattern in patterns {
            if !isFirst { append(ASCII.comma) }
            isFirst = false
            append(jsonString: pattern.text.span)
        }
        append(ASCII.closeBracket)
    }

    /// `,"limits":{"messageBytes":…,"subscriptions":…}`, so that a client need not run into them.
    mutating func append(limitsOf settings: SubscriberSettings) {
        append(",\"limits\":{\"messageBytes\":")
        append(decimal: UInt64(settings.messageByteCount))
        append(",\"subscriptions\":")
        append(decimal: UInt64(settings.subscriptionLimit))
        append(ASCII.closeBrace)
    }

    /// `,"maxRate":5`, `,"maxRate":null`
    mutating func append(rateMember rate: Double?) {
        append(",\"maxRate\":")
        if let rate { append(jsonNumber: rate) } else { append("null") }
    }

    /// `,"cursor":"…"`, nothing where none can be vouched for.
    mutating func append(cursorMember cursor: UInt64?, of replica: BrokerReplica) {
        guard let cursor else { return }
        append(",\"cursor\":\"")
        replica.append(cursor: cursor, to: &self)
        append(ASCII.quote)
    }

    /// `,"stale":true` where what is sent may be behind, nothing where it is not.
    mutating func append(awayMember isAway: Bool) {
        if isAway { append(",\"stale\":true") }
    }

    /// `"topic":…,"next":…,"missed":…`
    mutating func append(gapMembers gap: Gap) {
        append("\"topic\":")
        append(jsonString: gap.topic.unsafeBytes.span)
        append(",\"next\":")
        append(decimal: gap.next)
        if let missed = gap.missed {
            append(",\"missed\":")
            append(decimal: missed)
        }
    }
}
