/// The settings' rates as limits.
extension AccessSettings {
    var failureLimit: RateLimit {
        // A minute's worth may come at once; the first beyond it waits.
        RateLimit(rate: failureRate / 60, burst: max(Int(failureRate), 1) - 1)
    }

    var newConnectionLimit: RateLimit { RateLimit(rate: newConnectionRate, burst: newConnectionBurst) }

    var addressNewConnectionLimit: RateLimit {
        RateLimit(rate: addressNewConnectionRate, burst: newConnectionBurst)
    }

    var requestLimit: RateLimit { RateLimit(rate: addressRequestRate, burst: requestBurst) }

    var limitsConnectionsOfAddresses: Bool { addressConnectionLimit > 0 || addressNewConnectionRate > 0 }
}

extension PublisherSettings {
    var updateLimit: RateLimit { RateLimit(rate: updateRate, burst: updateBurst) }
    var principalUpdateLimit: RateLimit { RateLimit(rate: principalUpdateRate, burst: updateBurst) }
    var totalUpdateLimit: RateLimit { RateLimit(rate: totalUpdateRate, burst: updateBurst) }

    var areLimited: Bool { updateRate > 0 || principalUpdateRate > 0 || totalUpdateRate > 0 }
}
