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

    private let target: Target
    private let asker: Mailbox
    private let ticket: UInt64
    /// Who asked stays, to be answered.
    private let ownKey: ReaderKey
    private let state: Mutex<(awaited: Int, ended: Int)>

    init(_ target: Target, loopCount: Int, asker: Mailbox, ticket: UInt64, ownKey: ReaderKey) {
        self.target = target
        self.asker = asker
        self.ticket = ticket
        self.ownKey = ownKey
        state = Mutex((loopCount, 0))
    }

    /// Whether it is meant, at the loop with that mailbox.
    func concerns(_ connection: Connection, at mailbox: Mailbox) -> Bool {
        guard !(mailbox === asker && connection.key == ownKey) else { return false }
        let principal = connection.principal
        return switch target {
        case .subject(let name): !principal.isAnonymous && principal.name.utf8.elementsEqual(name.utf8)
        case .key(let name): principal.key.map { $0.utf8.elementsEqual(name.utf8) } ?? false
        case .address(let range): connection.address.map { range.contains($0) } ?? false
        }
    }

    /// One loop has done it.
    func report(ended count: Int) {
        let ended: Int? = state.withLock { state in
            state.awaited -= 1
            state.ended += count
            return state.awaited == 0 ? state.ended : nil
        }
        if let ended { asker.post(.answer(.disconnected(count: ended), ticket: ticket)) }
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
