/// The requests of a loop's connections that wait for an answer from elsewhere.
internal import Broker

/// A request is given a number to wait under. Whatever comes for a number that nobody holds any more is dropped: its peer is
/// gone, or has been told that it took too long.
struct Tickets {
    private var holders: [UInt64: ReaderKey] = [:]
    private var last: UInt64 = 0

    var count: Int { holders.count }

    /// Lets the stream wait under the next number, and returns that.
    mutating func issue(to holder: ReaderKey) -> UInt64 {
        last += 1
        holders[last] = holder
        return last
    }

    /// Ends the wait; nil where nobody holds the number.
    @discardableResult
    mutating func redeem(_ ticket: UInt64) -> ReaderKey? {
        holders.removeValue(forKey: ticket)
    }
}
