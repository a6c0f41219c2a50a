/// A subscription as lines, for pipes and files: prints updates until the subscription or a signal ends it.
internal import Client
internal import Glibc
internal import Primitives
internal import Transport

enum PlainOutput {
    /// Woken by SIGINT and SIGTERM.
    private static let stop = Result { () throws(SystemFailure) in try Wakeup() }

    /// The wakeup that ends a stream when a signal comes.
    static func stopOnSignals() throws(SystemFailure) -> Wakeup {
        let wakeup = try stop.get()
        for number in [SIGINT, SIGTERM] {
            signal(number) { _ in
                if case .success(let wakeup) = PlainOutput.stop { wakeup.wake() }
            }
        }
        return wakeup
    }

    /// Returns the exit status. `each` gets a batch before it is printed.
    static func follow(
        _ stream: SubscriptionStream, _ printer: inout UpdatePrinter,
        each: ([SubscriptionEvent]) throws -> Void = { _ in }
    ) throws -> Int32 {
        var events: [SubscriptionEvent] = []
        while stream.next(into: &events) {
            try each(events)
            try printer.print(events)
            events.removeAll(keepingCapacity: true)
            if printer.isDone { return 0 }
        }
        switch stream.failure {
        case .stopped, .finished, .closed(code: 1000, _), nil: return 0
        default: return 1  // The last state line has said why.
        }
    }
}
