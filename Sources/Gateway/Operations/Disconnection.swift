/// An order to all loops: end the connections of a subject, of a key's holder, or from an address.
internal import Access
internal import Broker
internal import Primitives
internal import Synchronization

final class Disconnection: Sendable {
    enum Target: Sendable {
        case subject(String)
        case key(String)
        case address(AddressRange)
    }

    /// What came of it.
    struct Report: Sendable {
        /// So many of this gateway's.
        var endedCount = 0
        /// And what the other nodes of its cluster say; nil where it is alone, or nobody has asked them.
        var tally: OrderTally?
    }

    private struct State {
        var awaitedCount: Int
        var report = Report()
    }

    private let target: Target
    /// Who asked stays, to be answered.
    private let asker: (mailbox: Mailbox, key: ReaderKey)?
    private let tell: @Sendable (Report) -> Void
    private let state: Mutex<State>

    /// `tell` is called once, when all loops have done it; where `asksOthers`, they have to say what they did as well.
    init(
        _ target: Target, loopCount: Int, sparing asker: (mailbox: Mailbox, key: ReaderKey)? = nil,
        asksOthers: Bool = false, tell: @escaping @Sendable (Report) -> Void
    ) {
        self.target = target
        self.asker = asker
        self.tell = tell
        state = Mutex(State(awaitedCount: loopCount + (asksOthers ? 1 : 0)))
    }

    /// Whether it is meant, at the loop with that mailbox.
    func concerns(_ connection: Connection, at mailbox: Mailbox) -> Bool {
        if let asker, mailbox === asker.mailbox, connection.key == asker.key { return false }
        let principal = connection.principal
        return switch target {
        case .subject(let name): !principal.isAnonymous && principal.name.utf8.elementsEqual(name.utf8)
        case .key(let name): principal.key.map { $0.utf8.elementsEqual(name.utf8) } ?? false
        case .address(let range): connection.address.map { range.contains($0) } ?? false
        }
    }

    /// One loop has done it.
    func report(ended count: Int) { take { $0.endedCount += count } }

    private func take(_ change: (inout Report) -> Void) {
        let report: Report? = state.withLock { state in
            change(&state.report)
            state.awaitedCount -= 1
            return state.awaitedCount == 0 ? state.report : nil
        }
        if let report { tell(report) }
    }
}

extension Disconnection: OrderReceiver {
    func received(_ tally: OrderTally) { take { $0.tally = tally } }
}

extension Disconnection.Report {
    /// `{"disconnected":2}`; of a cluster `{"disconnected":2,"nodes":3,"missing":["c"]}`.
    var json: ByteBuffer {
        var body = ByteBuffer()
        body.append("{\"disconnected\":")
        body.append(decimal: UInt64(endedCount + (tally?.count ?? 0)))
        if let tally {
            body.append(",\"nodes\":")
            body.append(decimal: UInt64(tally.nodeCount + 1))
            for (place, name) in tally.missing.enumerated() {
                body.append(place == 0 ? ",\"missing\":[" : ",")
                body.append(jsonString: name)
            }
            if !tally.missing.isEmpty { body.append("]") }
        }
        body.append("}\n")
        return body
    }
}

extension Disconnection.Target {
    /// From `{"subject":…}`, `{"key":…}` or `{"address":…}`.
    init(_ content: Span<UInt8>) throws(Problem) {
        let wanted = Problem.badRequest(
            "Name whom to disconnect: {\"subject\":…}, {\"key\":…} or {\"address\":…}, one of them.")
        guard let object = UniqueObject(content.array) else { throw wanted }
        do {
            switch (try object.text("subject"), try object.text("key"), try object.text("address")) {
            case (let subject?, nil, nil): self = .subject(subject)
            case (nil, let key?, nil): self = .key(key)
            case (nil, nil, let address?):
                guard let range = AddressRange(address) else { throw wanted }
                self = .address(range)
            default: throw wanted
            }
        } catch {
            throw wanted
        }
    }
}

extension GatewayShared {
    /// Carries out what another node of the cluster was asked for.
    func carryOut(_ order: [UInt8], tell: @escaping @Sendable (Int) -> Void) {
        do throws(Problem) {
            let target = try Disconnection.Target(order.span)
            let order = Disconnection(target, loopCount: loops.count) { tell($0.endedCount) }
            for loop in loops { loop.mailbox.post(.disconnect(order)) }
        } catch {
            // One of a later version perhaps. Whoever has given it names this node as missing.
        }
    }
}
