/// The gateway counts and logs each loss and refusal that it tells a subscriber or publisher (docs/protocol.md, section 2). A
/// crowd of them gets one line a second, which says how many were left out.
internal import Broker
internal import Logging
internal import Primitives
internal import Synchronization
internal import Transport

/// What may happen to many at once.
enum Notice: Int, CaseIterable {
    case turnedAway
    /// A reader has taken nothing for a while; it costs nothing but what the kernel refused.
    case stalled
    case dead
    case limit
    case reset
    case gap
    case foreignHost
    case foreignOrigin
    case memoryShort
    case credentialRefused
    case backendFailed
    case handshakeFailed

    var event: Log.Event {
        switch self {
        case .turnedAway: .turnedAway
        case .stalled: .readerStalled
        case .dead: .readerDead
        case .limit: .limitHit
        case .reset: .cursorReset
        case .gap: .readerBehind
        case .foreignHost: .hostRefused
        case .foreignOrigin: .originRefused
        case .memoryShort: .memoryShort
        case .credentialRefused: .credentialRefused
        case .backendFailed: .backendFailed
        case .handshakeFailed: .handshakeFailed
        }
    }
}

/// Lets a notice of each kind through once a second and counts the others.
struct NoticeThrottle {
    private static let interval = Duration.seconds(1)

    private var told = [Instant?](repeating: nil, count: Notice.allCases.count)
    private var suppressed = [Int](repeating: 0, count: Notice.allCases.count)

    /// How many were left out before this one, which is to be told; nil: it is left out as well.
    mutating func admit(_ notice: Notice, at now: Instant) -> Int? {
        let place = notice.rawValue
        if let last = told[place], now.since(last) < Self.interval {
            suppressed[place] += 1
            return nil
        }
        told[place] = now
        defer { suppressed[place] = 0 }
        return suppressed[place]
    }
}

extension Workspace {
    func note(_ notice: Notice, _ fields: @autoclosure () -> KeyValuePairs<String, Log.Field>) {
        guard let suppressed = notices.admit(notice, at: now) else { return }
        shared.log.tell(notice.event, fields(), suppressed: suppressed)
    }

    /// A cursor was presented: honoured, or answered with a reset.
    func note(resume isHonoured: Bool, of connection: Connection) {
        statistics.add(isHonoured ? .resumed : .reset)
        if !isHonoured { note(.reset, ["peer": .text(connection.peer)]) }
    }

    /// The batch at hand was handed to a reader.
    func noteDelivery(to connection: Connection) {
        guard !batch.isEmpty else { return }
        statistics.add(.delivered, batch.entries.count)
        statistics[.batches].record(batch.entries.count)
        statistics.add(.gaps, batch.gaps.count)
        for gap in batch.gaps {
            note(
                .gap,
                [
                    "peer": .text(connection.peer), "topic": .text(gap.topic.unsafeBytes.span.text),
                    "next": .integer(Int(gap.next)),
                    "missed": gap.missed.map { .integer(Int($0)) } ?? .text("unknown"),
                ])
        }
    }

    /// A request or a command was refused. The detail says what was asked for, never a value or a token.
    func note(refusal problem: Problem, of connection: Connection) {
        statistics.refusals[problem.code]?.value.add()
        // Asked for only where the line is written: the peer's name is a call to the kernel.
        var fields: KeyValuePairs<String, Log.Field> {
            [
                "peer": .text(connection.peer), "code": .text(problem.code),
                "detail": .text(problem.detail),
            ]
        }
        if Problem.limits.contains(problem.code) {
            note(.limit, fields)
        } else {
            shared.log.tell(.refused, fields)
        }
    }
}
