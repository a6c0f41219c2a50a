/// The ends of a world's chapters: quiet, in which everybody must hold the truth, and the drain.
import Broker
import Gateway
import Primitives
import StorageSimulation

extension World {
    // MARK: Quiet

    /// Publishing stops, everybody reads, and time goes on until nothing happens any more: then all hold the truth.
    func quiesce() throws {
        note("quiet")
        isQuiet = true
        defer { isQuiet = false }
        if exhaustedSince != nil { exhaust(false) }
        endShortage()
        let end = time.now + Self.quietTime
        var idleRounds = 0
        var roundCount = 0
        while time.now < end || idleRounds == 0 {
            let isBusy = try settle()
            idleRounds = isBusy ? 0 : idleRounds + 1
            if !isBusy {
                time.advance(to: min(wakesAt, end + .milliseconds(1)))
            }
            roundCount += 1
            if time.now > end + .seconds(20) || roundCount > 20_000 {
                throw SimulationFailure("it never gets quiet")
            }
        }
        try checkQuiet()
    }

    /// One round of everybody doing what is left to do; returns whether there was anything.
    private func settle() throws -> Bool {
        var isBusy = false
        for (number, loop) in gateway.loops.enumerated() where loop.canRun {
            step += 1
            try turn(number)
            isBusy = true
        }
        if try runJournal() {
            step += 1
            isBusy = true
        }
        for client in clients {
            if try client.drainNetwork(in: self) {
                step += 1
                isBusy = true
            }
            if try client.calm(in: self) { isBusy = true }
            try client.check(in: self)
        }
        time.advance(nanoseconds: 20_000)
        return isBusy
    }

    private func checkQuiet() throws {
        for client in clients { try client.checkQuiet(in: self) }
        for numbers in undecided {
            let accepted = numbers.filter { truth.publications[$0].index >= 0 }
            if !accepted.isEmpty, accepted.count < numbers.count {
                throw SimulationFailure("of \(numbers) only \(accepted) were accepted")
            }
        }
        undecided = []
        for (number, loop) in gateway.loops.enumerated() {
            let counted = loop.statistics.connections.now
            if counted != loop.kernel.watchedCount {
                throw SimulationFailure(
                    "loop \(number) counts \(counted) connections, its kernel watches \(loop.kernel.watchedCount)"
                )
            }
            if climate.isMeasured { try checkAges(number, loop) }
        }
        let open = links.filter { !$0.value.isGatewayClosed && !$0.value.isReset }
        links = open
    }

    /// The ages that a loop has counted are those of the updates that came: a value that was drained later than the turn
    /// began is older than it was then.
    private func checkAges(_ number: Int, _ loop: SimulatedLoop) throws {
        let counted = loop.statistics.delivery.age.reading
        let (sum, count) = ages[number]
        if counted.sum + count < sum {
            throw SimulationFailure(
                "loop \(number) counts \(counted.count) ages of \(counted.sum) µs together, in truth \(count) of \(sum)"
            )
        }
    }

    // MARK: Drains

    /// Whoever is sent away comes back when the gateway is gone, and not earlier.
    func checkFarewell(reconnectAfter milliseconds: UInt64?) throws {
        guard let began = gateway.drainBegan else { throw SimulationFailure("was told goodbye") }
        let end = began + configuration.drain.deadline + .seconds(1)
        guard let milliseconds, time.now + .milliseconds(Int64(milliseconds)) >= end else {
            throw SimulationFailure("was told to come back in \(milliseconds ?? 0) ms, which is too early")
        }
    }

    /// The gateway drains and another takes its place.
    func restart() throws {
        note("the gateway drains")
        gateway.drain(at: time.now)
        let deadline = time.now + configuration.drain.deadline + slack
        while !gateway.hasDrained {
            try act()
            time.advance(nanoseconds: random.below(2_000_000))
            if time.now > deadline { throw SimulationFailure("the gateway has not drained in time") }
        }
        gateway.journal?.close(time, &journaling)
        try learn()
        // Its process has ended: the disk is free.
        folder.kill()
        try startAnother()
    }

    func startAnother() throws {
        note("another gateway starts")
        for client in clients {
            if let socket = client.socket {
                client.socket = nil
                socket.breakOff()
                try client.lost(socket, in: self)
            }
            client.restart(in: self)
        }
        undecided = []
        links = [:]
        endShortage()
        if exhaustedSince != nil { exhaust(false) }
        let former = gateway
        gateway = try makeGateway(generation: former.generation + 1)
        ages = Array(repeating: (0, 0), count: gateway.loops.count)
        epochs[gateway.generation] = gateway.epoch
        try goOn(after: former)
    }
}
