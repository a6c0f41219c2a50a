/// Orders that nodes give one another: what this one has given, and what it was given.
internal import Broker
internal import Primitives

/// One that another node has given.
package struct NodeOrder: Sendable, Equatable {
    /// No other order has it.
    package let id: String
    package let content: [UInt8]
}

/// What a node says of an order that it has carried out.
struct CarriedOutOrder: Sendable, Equatable {
    let id: String
    let count: Int
}

struct NodeOrders {
    /// What is to be given.
    struct Wish: Sendable {
        let content: [UInt8]
        /// Whoever waits for what others say waits so long.
        let deadline: Instant
        let receiver: any OrderReceiver
    }

    /// One of this node's, as long as others may still take it up.
    private struct Own {
        let order: NodeOrder
        let deadline: Instant
        let end: Instant
        /// Nil: it was told.
        var receiver: (any OrderReceiver)?
        /// The others can know of it.
        var isSaid = false
        /// By the names of those who have carried it out.
        var counts: [String: Int] = [:]

        /// Whether all of these have heard of it and carried it out.
        func isCarriedOut(by nodes: [String]) -> Bool { isSaid && nodes.allSatisfy { counts[$0] != nil } }

        /// - Parameter names: all other nodes that are known.
        mutating func tell(_ names: [String]) {
            let tally = OrderTally(
                count: counts.values.reduce(0, +), nodeCount: counts.count,
                missing: names.filter { counts[$0] == nil }.sorted())
            receiver?.received(tally)
            receiver = nil
        }
    }

    private enum Progress {
        case underWay
        case done(count: Int)
    }

    /// So many stand in a word at once, and none is longer.
    static let limit = 64
    static let contentByteLimit = 4096
    /// As long as a node is missed that says nothing. Whoever comes back later need not do what was asked long before.
    static let life = Interval(Fleet.patience)

    private var own: [Own] = []
    /// Orders of others that stand in their words.
    private var others: [String: Progress] = [:]

    var count: Int { own.count }
    /// Whether somebody waits for what others say.
    var isAwaited: Bool { own.contains { $0.receiver != nil } }
    var nextDeadline: Instant { own.map { $0.receiver == nil ? $0.end : $0.deadline }.min() ?? .never }

    // MARK: What this node says

    mutating func give(_ wish: Wish, as id: String, at now: Instant) {
        own.append(
            Own(
                order: NodeOrder(id: id, content: wish.content), deadline: wish.deadline,
                end: now + Self.life, receiver: wish.receiver))
    }

    /// Writes into a report what is to be said from now on.
    mutating func say(in report: inout NodeReport) {
        for place in own.indices { own[place].isSaid = true }
        report.orders = own.map(\.order)
        report.carriedOut = others.compactMap { id, progress in
            guard case .done(let count) = progress else { return nil }
            return CarriedOutOrder(id: id, count: count)
        }
    }

    /// One of others' is done.
    mutating func finish(_ done: CarriedOutOrder) {
        if others[done.id] != nil { others[done.id] = .done(count: done.count) }
    }

    // MARK: What others say

    /// Takes what all others say who were heard lately. Returns what is to be carried out.
    mutating func take(_ reports: [NodeReport]) -> [NodeOrder] {
        let standing = reports.flatMap { $0.orders.prefix(Self.limit) }
        let ids = Set(standing.map(\.id))
        // Whoever gave it has heard, or has gone.
        others = others.filter { ids.contains($0.key) }
        var new: [NodeOrder] = []
        for order in standing where others[order.id] == nil && others.count < Self.limit {
            others[order.id] = .underWay
            new.append(order)
        }
        for report in reports {
            for done in report.carriedOut {
                guard let place = own.firstIndex(where: { $0.order.id == done.id }) else { continue }
                own[place].counts[report.node.name] = done.count
            }
        }
        return new
    }

    /// All other nodes that are known have been heard: ends the orders that those of them have carried out who are there.
    mutating func settle(_ names: [String], present: [String]) {
        for place in own.indices where own[place].isCarriedOut(by: present) { own[place].tell(names) }
        own.removeAll { $0.isCarriedOut(by: present) }
    }

    /// Tells those who have waited for long enough.
    mutating func expire(_ names: [String], at now: Instant) {
        for place in own.indices where own[place].deadline <= now { own[place].tell(names) }
        own.removeAll { $0.end <= now }
    }
}
