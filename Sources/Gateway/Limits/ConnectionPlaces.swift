/// How many connections each address, and each principal, has at present, at all loops together.
internal import Synchronization

/// Any thread. It has at most three entries for each connection.
final class ConnectionPlaces: Sendable {
    /// One that is taken. It is free again when nobody holds it any more.
    final class Place: Sendable {
        let claimant: Claimant
        private let places: ConnectionPlaces

        fileprivate init(_ claimant: Claimant, of places: ConnectionPlaces) {
            self.claimant = claimant
            self.places = places
        }

        deinit {
            places.free(claimant)
        }
    }

    private let counts = Mutex<[Claimant: Int]>([:])

    /// A place for one more connection; nil where the claimant has as many as it may.
    func take(for claimant: Claimant, limit: Int) -> Place? {
        let isTaken = counts.withLock { counts in
            let count = counts[claimant, default: 0]
            guard count < limit else { return false }
            counts[claimant] = count + 1
            return true
        }
        return isTaken ? Place(claimant, of: self) : nil
    }

    /// Whether nobody has a place.
    var isEmpty: Bool { counts.withLock(\.isEmpty) }

    private func free(_ claimant: Claimant) {
        counts.withLock { counts in
            let count = counts[claimant, default: 1] - 1
            counts[claimant] = count > 0 ? count : nil
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
