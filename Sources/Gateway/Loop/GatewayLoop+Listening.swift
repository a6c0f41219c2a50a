/// Where a loop listens, and what a reload changes about that.
internal import Broker
internal import Logging
internal import Primitives
internal import Transport

/// A loop's listener, under whose number in `Workspace.listeners` connections and events name it.
struct LoopListener {
    var address: ListeningAddress
    /// What makes its connections secure; nil for a plain one.
    var context: TLSContext?
    /// Connections that came by it.
    var connectionCount = 0
    /// One that is closed stays as long as there are some of them.
    var isOpen = true
}

/// All places where a loop is to listen from now on.
package struct ListeningChange: Sendable {
    struct Place: Sendable {
        let address: ListeningAddress
        /// Nil where nothing is encrypted.
        let context: TLSContext?
        /// Nil where the loop listens already.
        let socket: HandedListener?
    }

    let places: [Place]
}

extension GatewayLoop {
    /// Connections know their listener by a byte.
    private static let listenerLimit = 256

    /// Listens where it is told to, and nowhere else. Who came by a listener that is gone, or that now speaks otherwise, is asked to
    /// go, within the time over which goodbyes are spread.
    func listen(_ change: ListeningChange) {
        guard isListening else { return }
        beginShare(Share.events)
        var left: Set<Int> = []
        for place in change.places {
            if let number = openListener(place.address.id) {
                if !place.address.endpoint.speaks(as: work.listeners[number].address.endpoint) {
                    left.insert(number)
                }
                work.listeners[number].address = place.address
                work.listeners[number].context = place.context
            } else if let socket = place.socket?.take() {
                open(socket, place)
            }
        }
        let wanted = Set(change.places.map(\.address.id))
        for number in work.listeners.indices
        where work.listeners[number].isOpen && !wanted.contains(work.listeners[number].address.id) {
            close(number)
            left.insert(number)
        }
        sendAway(whoCameBy: left)
    }

    func openListener(_ id: Int) -> Int? {
        work.listeners.firstIndex { $0.isOpen && $0.address.id == id }
    }

    private func open(_ socket: consuming Listener, _ place: ListeningChange.Place) {
        let listener = LoopListener(address: place.address, context: place.context)
        let free = work.listeners.firstIndex { !$0.isOpen && $0.connectionCount == 0 }
        guard let number = free ?? nextNumber else {
            // Other loops listen there. This one has its hands full of who does not go.
            return shared.log.tell(.listenersUnwatched, ["reason": .text("there are too many of them")])
        }
        if number < work.listeners.count {
            work.listeners[number] = listener
        } else {
            work.listeners.append(listener)
            acceptingAgain.append(.never)
        }
        do throws(SystemFailure) {
            try kernel.open(socket, as: number)
        } catch {
            shared.log.tell(.listenersUnwatched, ["reason": .text("\(error)")])
            acceptingAgain[number] = now + Self.acceptPause
        }
    }

    private var nextNumber: Int? {
        work.listeners.count < Self.listenerLimit ? work.listeners.count : nil
    }

    /// Lets in who waits there, and nobody else.
    private func close(_ number: Int) {
        acceptAll(from: number)
        kernel.close(listener: number)
        work.listeners[number].isOpen = false
        acceptingAgain[number] = .never
    }

    private func sendAway(whoCameBy listeners: Set<Int>) {
        guard !listeners.isEmpty else { return }
        for connection in connections {
            guard let connection, connection.isOpen, listeners.contains(Int(connection.listener)) else {
                continue
            }
            goodbyes[connection.token] = Farewell(
                .endpoint, at: work.randomMoment(within: configuration.drain.spread))
            schedule(connection)
        }
    }
}
