/// How many wrong credentials came from each address lately. Who has shown too many is not looked at for a while, where that
/// would cost more than a hash.
internal import Access
internal import Primitives

/// Belongs to one loop.
struct FailureThrottle {
    private struct Allowance {
        var left: Double
        var at: Instant
    }

    /// More addresses than this are not remembered: the one that was wrong first is forgotten.
    private static let addressLimit = 4096

    /// Failures a second, and how many may come at once.
    private let rate: Double
    private let burst: Double
    private var allowances: [[UInt8]: Allowance] = [:]
    private var order = Queue<[UInt8]>()

    /// `failures` a minute; 0: no limit.
    init(failures: Double) {
        rate = failures / 60
        burst = max(failures, 1)
    }

    var isEmpty: Bool { allowances.isEmpty }

    /// How long nothing is looked at that comes from the address; nil: now.
    mutating func wait(for address: [UInt8]?, at now: Instant) -> Duration? {
        guard rate > 0, let allowance = allowances[AddressRange.network(of: address)] else { return nil }
        let left = self.left(of: allowance, at: now)
        return left >= 1 ? nil : .seconds((1 - left) / rate)
    }

    /// A wrong credential came from the address.
    mutating func count(_ address: [UInt8]?, at now: Instant) {
        guard rate > 0 else { return }
        let network = AddressRange.network(of: address)
        if let allowance = allowances[network] {
            allowances[network] = Allowance(left: max(left(of: allowance, at: now) - 1, 0), at: now)
            return
        }
        if allowances.count >= Self.addressLimit, let oldest = order.popFirst() { allowances[oldest] = nil }
        allowances[network] = Allowance(left: burst - 1, at: now)
        order.append(network)
    }

    private func left(of allowance: Allowance, at now: Instant) -> Double {
        min(burst, allowance.left + now.since(allowance.at).inSeconds * rate)
    }
}
