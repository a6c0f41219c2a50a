// Promise: a name or a pattern is accepted exactly when a naive reader of the definition (docs/protocol.md, section 1)
// accepts it; a pattern covers a name exactly when that reader, segment by segment, says so; and a broker that holds
// the name lists it for the pattern exactly then.
//
// The first byte of the input chooses how pattern and name are spelled: as they stand, around the first line feed, or
// from a few segments, so that they often nearly fit.

import Broker
import Primitives

@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start, count >= 2 else { return 0 }
    let input = Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
    let cut = input.firstIndex(of: ASCII.lineFeed) ?? input.count / 2
    var pattern = Array(input[..<cut])
    var name = Array(input[cut...].dropFirst())
    if start[0] % 3 == 1 {
        pattern = composed(pattern)
        name = composed(name)
    } else if start[0] % 3 == 2 {
        name = pattern
    }
    check(pattern, name)
    check(name, pattern)
    return 0
}

func check(_ text: [UInt8], _ name: [UInt8]) {
    let mayName = isAccepted { () throws(TopicFailure) in try TopicName.check(text.span) }
    promise(mayName == Naive.accepts(text, isPattern: false), "a name, or none")
    let mayBe = Naive.accepts(text, isPattern: true)
    do throws(TopicFailure) {
        let pattern = try TopicPattern(text.span)
        promise(mayBe, "a pattern that is none")
        promise(pattern.text == text, "a pattern that is not what was written")
        promise(pattern.isWild == text.contains(ASCII.asterisk), "wild, or not")
        guard Naive.accepts(name, isPattern: false) else { return }
        let covers = Naive.covers(text, name)
        promise(name.withUnsafeBufferPointer { pattern.covers($0) } == covers, "covers something else")
        checkListing(of: name, by: pattern)
    } catch {
        promise(!mayBe, "a pattern that was refused: \(error)")
    }
}

func isAccepted(_ check: () throws(TopicFailure) -> Void) -> Bool {
    do throws(TopicFailure) {
        try check()
        return true
    } catch { return false }
}

/// Segments that a byte each chooses.
func composed(_ choices: [UInt8]) -> [UInt8] {
    let segments = ["a", "b", "aa", "*", "**", ".", "..", "a.", "é", "", "*a", " "]
    return Array(choices.prefix(12).map { segments[Int($0) % segments.count] }.joined(separator: "/").utf8)
}

// MARK: A broker

/// Asks a broker that holds that name, and neighbours that sort before, behind and below it; the size of the answer tells
/// which are in it.
func checkListing(of name: [UInt8], by pattern: TopicPattern) {
    var random = SeededGenerator(seed: 1)
    let sequencer = Sequencer(epoch: Epoch(random: &random))
    let replica = BrokerReplica(inbox: sequencer.addInbox {})
    var batch = UpdateBatch()
    let topics = [name, name.dropLast() + [0x21], name + Array("~~".utf8), name + Array("/b/c".utf8)]
    let held = topics.filter { topic in
        isAccepted { () throws(TopicFailure) in try batch.append(topic: topic.span, data: [0x30].span) }
    }
    promise(held.contains(name), "a name that may be is no topic")
    do throws(PublishFailure) {
        try sequencer.publish(batch, time: UnixTime(milliseconds: 0), at: Instant(nanoseconds: 0))
    } catch { broken("\(error)") }
    replica.catchUp()
    var expected = 0
    for topic in Set(held) {
        guard let line = replica.latest(topic.span)?.line else { broken("what was published is not held") }
        if Naive.covers(pattern.text, topic) { expected += line.count }
    }
    var listed = Batch()
    var listing = Listing(of: pattern, after: nil, limit: 10, byteBudget: 1 << 20)
    // A step at a time, so that it goes on from every place.
    var ration = Ration(steps: 1)
    while !replica.advance(&listing, &ration) { ration = Ration(steps: 1) }
    _ = replica.finish(listing, into: &listed)
    promise(listed.byteCount == expected, "a broker finds something else")
}

// MARK: The definition, word for word

enum Naive {
    static func accepts(_ text: [UInt8], isPattern: Bool) -> Bool {
        guard (1...256).contains(text.count), String(validating: text, as: UTF8.self) != nil else {
            return false
        }
        let segments = segments(text)
        for (place, segment) in segments.enumerated() {
            if segment.isEmpty || segment == [0x2E] || segment == [0x2E, 0x2E] { return false }
            if isPattern, segment == [0x2A] { continue }
            if isPattern, segment == [0x2A, 0x2A], place == segments.count - 1 { continue }
            // White space and control characters, a comma, an asterisk.
            if segment.contains(where: { $0 <= 0x20 || $0 == 0x7F || $0 == 0x2C || $0 == 0x2A }) {
                return false
            }
        }
        return true
    }

    static func covers(_ pattern: [UInt8], _ name: [UInt8]) -> Bool {
        covers(segments(pattern)[...], segments(name)[...])
    }

    private static func covers(
        _ pattern: ArraySlice<ArraySlice<UInt8>>, _ name: ArraySlice<ArraySlice<UInt8>>
    ) -> Bool {
        guard let first = pattern.first else { return name.isEmpty }
        guard let segment = name.first else { return false }
        if first == [0x2A, 0x2A] { return true }
        return (first == [0x2A] || first == segment) && covers(pattern.dropFirst(), name.dropFirst())
    }

    private static func segments(_ text: [UInt8]) -> [ArraySlice<UInt8>] {
        text.split(separator: 0x2F, omittingEmptySubsequences: false)
    }
}
