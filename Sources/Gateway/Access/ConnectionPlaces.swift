/// How many connections each address, and each principal, has at present at all loops.
internal import Synchronization

/// Any thread. It has at most three entries for each connection.
final class ConnectionPlaces: Sendable {
    enum Owner: Hashable {
        /// An address, or a network of IPv6 (`AddressRange.network(of:)`).
        case network([UInt8])
        case principal(String)
    }

    /// One that is taken. It is free again when nobody holds it any more.
    final class Place: Sendable {
        let owner: Owner
        private let places: ConnectionPlaces

        fileprivate init(_ owner: Owner, of places: ConnectionPlaces) {
            self.owner = owner
            self.places = places
        }

        deinit {
            places.free(owner)
        }
    }

    private let counts = Mutex<[Owner: Int]>([:])

    /// A place for one more connection; nil where the owner has as many as it may.
    func take(for owner: Owner, limit: Int) -> Place? {
        let isTaken = counts.withLock { counts in
            let count = counts[owner, default: 0]
            guard count < limit else { return false }
            counts[owner] = count + 1
            return true
        }
        return isTaken ? Place(owner, of: self) : nil
    }

    /// Whether nobody has a place.
    var isEmpty: Bool { counts.withLock(\.isEmpty) }

    private func free(_ owner: Owner) {
        counts.withLock { counts in
            let count = counts[owner, default: 1] - 1
            counts[owner] = count > 0 ? count : nil
        }
    }
}

/// The places that a connection has.
struct TakenPlaces {
    /// That of the address at the other end, from the beginning to the end of the connection.
    var own: ConnectionPlaces.Place?
    /// Those of the client behind a proxy and of the principal, as long as the connection does something for them.
    var client: ConnectionPlaces.Place?
    var principal: ConnectionPlaces.Place?

    var isEmpty: Bool { own == nil && client == nil && principal == nil }
}
