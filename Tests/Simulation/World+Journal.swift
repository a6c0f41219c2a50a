/// What outlives a gateway: the disk with its journal, and what cursors are worth to the next one.
import Broker
import Gateway
import Primitives
import Storage
import StorageSimulation

extension World {
    // MARK: The journal's turns

    /// Gives the journal a turn; whether there was anything to do.
    func runJournal() throws -> Bool {
        guard let journal = gateway.journal, journal.canRun(at: time.now) else { return false }
        let before = truth.sequence
        journal.run(time, &journaling)
        try learn()
        note("the journal has a turn, \(truth.sequence - before) accepted")
        return true
    }

    func makeGateway(generation: Int) throws -> SimulatedGateway {
        try Self.makeGateway(
            generation: generation, configuration, climate, time, folder, boot: boot, &journaling, &random)
    }

    static func makeGateway(
        generation: Int, _ configuration: GatewayConfiguration, _ climate: Climate, _ time: SimulatedTime,
        _ folder: SimulatedFolder, boot: Int, _ journaling: inout SeededGenerator,
        _ random: inout SeededGenerator
    ) throws -> SimulatedGateway {
        let journal = try climate.keeping.map { mode in
            try SimulatedJournal(
                folder, mode, boot: boot, epoch: SimulatedGateway.newEpoch(generation),
                rules: configuration.retention, time, salts: journaling.branch())
        }
        return try SimulatedGateway(
            generation: generation, configuration, time, journal, listenerCount: climate.listenerCount,
            isWhimsical: climate.isWhimsical, visitSteps: climate.visitSteps, &random)
    }

    // MARK: Ends

    /// The gateway dies in the middle of everything, perhaps because the machine does, and another takes its place.
    func kill() throws {
        note(journaling.chance(50) ? endProcess() : cutPower())
        gateway.die(at: time.now)
        for link in links.values { link.blameDeath() }
        try startAnother()
    }

    private func endProcess() -> String {
        folder.kill()
        return "the gateway is killed"
    }

    private func cutPower() -> String {
        boot += 1
        folder.cutPower()
        return "the power fails"
    }

    /// What the former gateway accepted is what this one begins with, and so are its cursors; without a journal, nothing.
    func goOn(after former: SimulatedGateway) throws {
        guard let journal = gateway.journal else {
            truth = Truth()
            survivals = [:]
            return
        }
        let survived = gateway.sequence
        for generation in survivals.keys { survivals[generation] = min(survivals[generation] ?? 0, survived) }
        survivals[former.generation] = survived
        var isShortened = false
        if case .shortened = journal.continuity { isShortened = true }
        guard isShortened == (gateway.epoch != former.epoch) else {
            throw SimulationFailure("the epoch is \(gateway.epoch) after \(former.epoch)")
        }
        try truth.goOn(with: gateway.takeBeginning(), at: survived, isShortened: isShortened)
        note("\(survived) updates are there again, in the epoch \(gateway.epoch)")
    }

    // MARK: Cursors

    func epoch(of generation: Int) -> String { epochs[generation] ?? "" }

    /// What a cursor of the present gateway says, if it is not from the middle of a snapshot.
    func place(ofWhole cursor: String) throws -> CursorPlace {
        let place = try place(of: cursor)
        guard place.snapshotBegan == nil else {
            throw SimulationFailure("was handed a cursor from the middle of a snapshot: \(cursor)")
        }
        return place
    }

    /// The same of a cursor that may be.
    func place(of cursor: String) throws -> CursorPlace {
        let parts = cursor.split(separator: "-")
        guard parts.count == 2, parts[0] == gateway.epoch, let place = CursorPlace(parts[1]) else {
            throw SimulationFailure("was handed no cursor of this gateway: \(cursor)")
        }
        return place
    }

    /// Whether the present gateway goes on from where the cursor was handed out.
    func knows(_ handed: Holding.HandedCursor) -> Bool {
        if handed.generation == gateway.generation { return true }
        return survivals[handed.generation].map { handed.place.reach <= $0 } ?? false
    }
}
