// Compiled with: Tests/StorageSimulation
// Promise: whatever stands in a folder's files, a recovery reads it or says what is wrong, and the second one says the same. Of a
// journal in which some bytes were changed it hands out a beginning of what was appended, or refuses; where none was changed, all of
// it. And what is read of an entry or a topic's state and written again is the same bytes.
//
// The first byte of the input chooses: the bytes as records of a segment, as an entry, as a piece of a state, or as what a journal is
// told to do and which bytes are changed then.

import Primitives
import Synchronization

@testable import Broker
@testable import Storage

@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start, count >= 2 else { return 0 }
    let input = Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
    switch start[0] % 4 {
    case 0: checkRecords(input)
    case 1: checkEntry(input)
    case 2: checkState(input)
    default: checkJournal(input)
    }
    return 0
}

/// What a recovery hands out, or what it says.
enum Found: Equatable {
    case records([[UInt8]])
    case failure(String)

    init(in folder: SimulatedFolder) {
        do {
            var records: [[UInt8]] = []
            let recovery = try Recovery(folder, bootID: BootID("boot"))
            try recovery.forEachChunk { _ in }
            var last: UInt64 = 0
            try recovery.forEachRecord { position, body in
                promise(position > last, "positions that do not rise")
                last = position
                records.append(body.withUnsafeBufferPointer { Array($0) })
            }
            self = .records(records)
        } catch {
            self = .failure("\(error)")
        }
    }
}

func orFail<Outcome>(_ what: String, _ body: () throws -> Outcome) -> Outcome {
    do {
        return try body()
    } catch {
        broken("\(what): \(error)")
    }
}

// MARK: Bytes as they come

func checkRecords(_ input: [UInt8]) {
    let folder = SimulatedFolder(seed: 1)
    orFail("a file is written") {
        let header = FileHeader(
            kind: .segment, mode: .always, number: 1, firstPosition: 1, syncedThrough: 0, salt: 7,
            bootID: BootID("boot"), isRecycled: input[0] & 1 == 1)
        var bytes = ByteBuffer()
        header.write(into: &bytes)
        bytes.append(input)
        let file = try folder.create(FileName.segment(number: 1).text, byteCount: 0)
        try file.write(bytes.unsafeBytes, at: 0)
    }
    promise(Found(in: folder) == Found(in: folder), "another answer the second time")
}

func checkEntry(_ input: [UInt8]) {
    input.withUnsafeBufferPointer { bytes in
        var reader = ByteReader(bytes)
        guard let (kind, moment) = try? LogEntry.readHead(&reader), kind == .batch else { return }
        var batch = UpdateBatch()
        guard (try? batch.read(&reader)) != nil else { return }
        var again = ByteBuffer()
        LogEntry.write(batch, at: moment, to: &again)
        promise(Array(again.unsafeBytes) == input, "an entry that is another one when it is written again")
    }
}

func checkState(_ input: [UInt8]) {
    input.withUnsafeBufferPointer { bytes in
        var reader = ByteReader(bytes)
        var again = ByteBuffer()
        while !reader.isAtEnd {
            guard let topic = try? TopicState(&reader) else { return }
            topic.write(to: &again, by: LogClock())
        }
        // Flags that mean nothing are left out.
        promise(again.count == input.count, "a state that is of another size when it is written again")
    }
    input.withUnsafeBufferPointer { bytes in
        var reader = ByteReader(bytes)
        _ = try? OrderState(&reader)
    }
}

// MARK: A journal

/// Up to eight changes stand at the end of the input: three bytes of place, and what is changed there.
func checkJournal(_ input: [UInt8]) {
    let changeCount = min(Int(input[0] & 7), (input.count - 1) / 4)
    let changes = input.suffix(changeCount * 4)
    let folder = SimulatedFolder(seed: 1)
    let appended = orFail("a journal is written") {
        try write(Array(input.dropFirst().dropLast(changeCount * 4)), to: folder)
    }
    promise(Found(in: folder) == .records(appended), "what was appended is not there")
    let names = folder.fileNames.filter { $0.hasPrefix("journal-") }.sorted()
    guard changeCount > 0, !names.isEmpty else { return }
    for place in stride(from: changes.startIndex, to: changes.endIndex, by: 4) {
        let name = names[Int(changes[place]) % names.count]
        let offset = Int(changes[place + 1]) << 8 | Int(changes[place + 2])
        let byteCount = folder.contents(of: name).count
        for bit in 0..<8 where changes[place + 3] & (1 << UInt8(bit)) != 0 && byteCount > 0 {
            folder.flip(name, at: offset % byteCount, bit: bit)
        }
    }
    let found = Found(in: folder)
    promise(found == Found(in: folder), "another answer the second time")
    if case .records(let records) = found {
        promise(appended.starts(with: records), "records that nobody appended")
    }
}

/// Each byte is a record of so many bytes times sixteen, or a sync. Returns what was appended.
func write(_ orders: [UInt8], to folder: SimulatedFolder) throws -> [[UInt8]] {
    let recovery = try Recovery(folder, bootID: BootID("boot"))
    try recovery.forEachRecord { _, _ in }
    let journal = try Journal(
        after: recovery,
        JournalOptions(
            mode: .interval, segmentByteCount: JournalOptions.minimumSegmentByteCount, bootID: BootID("boot"),
            makeSalt: { 7 }))
    var appended: [[UInt8]] = []
    for order in orders.prefix(64) {
        guard order & 3 != 0 else {
            try journal.write()
            try journal.sync()
            continue
        }
        let body = [UInt8](repeating: order, count: Int(order) * 16)
        if Journal.framedByteCount(body.count) > journal.roomLeft { try journal.makeSpare(for: body.count) }
        _ = try journal.append(body.span)
        appended.append(body)
    }
    try journal.write()
    return appended
}
