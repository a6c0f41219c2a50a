/// `tidegate state export` and `import`: what is kept as lines of NDJSON.
internal import Broker
internal import Configuration
internal import Gateway
internal import Primitives
internal import Storage
internal import Synchronization

extension State {
    // MARK: Out

    static func export(_ arguments: inout Arguments) throws -> Int32 {
        let folder = try DiskFolder(existing: arguments.positionals(1...1)[0])
        let lock = try lockForReading(folder)
        defer { withExtendedLifetime(lock) {} }
        let begun = Instant.now()
        let state = try showing("reading \(folder.path)") { progress in
            try KeptState(
                reading: folder, bootID: .current(), epoch: .random(), time: .now(), at: begun,
                progress: progress)
        }
        for note in state.notes { Console.note("tidegate state export: \(note)") }
        let count = SharedCount()
        let line = try ProgressLine { "\(count.value) lines written" }
        defer { line.end() }
        var output = ByteBuffer()
        try state.forEachPieceOfLines(at: begun) { lines, lineCount in
            count.add(lineCount)
            output.append(lines.unsafeBytes)
            lines.removeAll()
            if output.count >= 64 << 10 { try Console.flush(&output) }
        }
        try Console.flush(&output)
        return 0
    }

    private static func lockForReading(_ folder: DiskFolder) throws -> any FolderLock {
        do {
            return try folder.lock(as: "tidegate state export")
        } catch StorageFailure.inUse(let path, let holder) {
            throw CommandFailure(
                "\(path) is in use by \(holder); copy it with \"tidegate state backup \(path) TARGET\", and export TARGET"
            )
        }
    }

    // MARK: In

    static func takeIn(_ arguments: inout Arguments) throws -> Int32 {
        let source = try ConfigurationSource(&arguments)
        let folder = try DiskFolder(path: arguments.positionals(1...1)[0])
        let configuration = try source.read()
        // Somebody who is there is told of before the work. Whoever comes meanwhile is later.
        _ = try folder.lock(as: "tidegate state import")
        let lines = try RepeatableLines(ofStandardInputBeside: folder.path)
        let total = try check(lines)
        let target = try showing("reading \(folder.path)") { progress in
            try StateImport(
                into: folder, rules: configuration.gateway.retention,
                segmentByteCount: configuration.storage.journal.segmentByteCount, bootID: .current(),
                epoch: .random(), time: .now(), at: .now(), progress: progress)
        }
        for note in target.report.notes { Console.note("tidegate state import: \(note)") }
        let accepted = try append(lines, of: total, to: target)
        try Console.show("{\"accepted\":\(accepted)}")
        return 0
    }

    /// Reads all lines, and returns how many there are.
    private static func check(_ lines: borrowing RepeatableLines) throws -> Int {
        let count = SharedCount()
        let progress = try ProgressLine { "\(count.value) lines checked" }
        defer { progress.end() }
        var batch = UpdateBatch()
        do {
            try lines.readEach { line in
                if !line.isBlank { try UpdateReader.read(line: line, into: &batch) }
                batch.removeAll()
                count.add(1)
            }
        } catch let problem as Problem {
            throw CommandFailure("line \(count.value + 1): \(problem.detail) Nothing was taken.")
        }
        return count.value
    }

    /// A batch is written at once, and safe then.
    private static let batchByteCount = 256 << 10

    private static func append(
        _ lines: borrowing RepeatableLines, of total: Int, to target: StateImport
    ) throws -> Int {
        let safe = SharedCount()
        let progress = try ProgressLine { "\(safe.value) of \(total) lines taken" }
        defer { progress.end() }
        var batch = UpdateBatch()
        var (lineCount, accepted) = (0, 0)
        do {
            try lines.readEach { line in
                if !line.isBlank { try UpdateReader.read(line: line, into: &batch) }
                lineCount += 1
                guard batch.byteCount >= batchByteCount else { return }
                try target.append(batch, time: .now(), at: .now())
                accepted += batch.count
                batch.removeAll()
                safe.add(lineCount - safe.value)
            }
            if !batch.isEmpty { try target.append(batch, time: .now(), at: .now()) }
            accepted += batch.count
            try target.close()
            return accepted
        } catch let failure as StorageFailure {
            throw CommandFailure(
                "\(failure). Lines 1 to \(safe.value) of \(total) were taken; go on with \"tail -n +\(safe.value + 1)\""
            )
        }
    }
}

/// How far one thread is, for another one to show.
final class SharedCount: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { count.load(ordering: .relaxed) }

    func add(_ more: Int) { count.add(more, ordering: .relaxed) }
}
