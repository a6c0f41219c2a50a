import Primitives
import TestSupport
import Testing

@testable import WebSocket

@Suite struct UTF8ValidatorTests {
    struct Fault: Sendable {
        let bytes: [UInt8]
        /// The first byte at which the text is beyond repair; nil if it only lacks its end.
        let offset: Int?
    }

    /// The shapes of Autobahn's section 6, each with the byte at which it must fail.
    static let faults: [Fault] = [
        Fault(
            bytes: [
                0xCE, 0xBA, 0xE1, 0xBD, 0xB9, 0xCF, 0x83, 0xCE, 0xBC, 0xCE, 0xB5,
                0xF4, 0x90, 0x80, 0x80, 0x65, 0x64, 0x69, 0x74, 0x65, 0x64,
            ], offset: 12),
        Fault(bytes: [0xCE, 0xBA, 0xED, 0xA0, 0x80], offset: 3),
        Fault(bytes: [0x80], offset: 0),
        Fault(bytes: [0xBF, 0x41], offset: 0),
        Fault(bytes: [0xC0, 0xAF], offset: 0),
        Fault(bytes: [0xC1, 0xBF], offset: 0),
        Fault(bytes: [0xC3, 0x28], offset: 1),
        Fault(bytes: [0xE0, 0x80, 0xAF], offset: 1),
        Fault(bytes: [0xE0, 0x9F, 0xBF], offset: 1),
        Fault(bytes: [0xF0, 0x80, 0x80, 0xAF], offset: 1),
        Fault(bytes: [0xF0, 0x8F, 0xBF, 0xBF], offset: 1),
        Fault(bytes: [0xF5, 0x80, 0x80, 0x80], offset: 0),
        Fault(bytes: [0xF8, 0x88, 0x80, 0x80, 0x80], offset: 0),
        Fault(bytes: [0xFE], offset: 0),
        Fault(bytes: [0xFF], offset: 0),
        Fault(bytes: [0xED, 0xBF, 0xBF], offset: 1),
        Fault(bytes: [UInt8](repeating: 0x61, count: 100) + [0xE2, 0x28, 0xA1], offset: 101),
        Fault(bytes: [0xCE], offset: nil),
        Fault(bytes: [0xE1, 0xBD], offset: nil),
        Fault(bytes: [0xF0, 0x9F, 0x98], offset: nil),
    ]

    @Test(arguments: faults) func failsAtTheFirstBadByte(fault: Fault) {
        var validator = UTF8Validator()
        let failed = fault.bytes.firstIndex { !validator.accepts([$0].span) }
        #expect(failed == fault.offset)
        #expect(!validator.isComplete)
        #expect(!fault.bytes.withUnsafeBufferPointer { UTF8Validator.isValid($0) })
    }

    /// In the middle of a frame of a megabyte, of which nothing behind the bad byte has come.
    @Test(arguments: faults) func theReaderFailsWithTheFrameStillIncomplete(fault: Fault) {
        guard let offset = fault.offset else { return }
        var frame = clientFrame(.text, fault.bytes + [UInt8](repeating: 0x61, count: 1_000))
        frame = Array(frame.prefix(8 + offset + 1))
        let first = Wire.hear([Array(frame.dropLast())])
        #expect(first.isEmpty)
        #expect(Wire.hear([frame]) == [.failure(.invalidText)])
        #expect(Wire.hear(drip(frame)) == [.failure(.invalidText)])
    }

    @Test func agreesWithTheStandardLibraryWhereverTextIsCut() {
        var random = SeededGenerator(seed: 7)
        for length in 0...200 {
            for _ in 0..<8 {
                var sample = random.text(length)
                if random.next() % 2 == 0, !sample.isEmpty {
                    sample[Int(random.next() % UInt64(sample.count))] = UInt8(
                        truncatingIfNeeded: random.next())
                }
                var validator = UTF8Validator()
                let pieces = random.cut(sample, upTo: 90)
                let accepted = pieces.allSatisfy { validator.accepts($0.span) }
                let isValid = String(validating: sample, as: UTF8.self) != nil
                #expect((accepted && validator.isComplete) == isValid, "\(sample)")
                #expect(sample.withUnsafeBufferPointer { UTF8Validator.isValid($0) } == isValid)
            }
        }
    }

    /// Long enough for a fault before, in, between and behind the blocks that are checked at once.
    @Test(arguments: [0, 3, 70]) func aFaultIsFoundWhereverItLies(asciiByteCount: Int) {
        let ascii = String(repeating: "a", count: asciiByteCount)
        let text = Array((ascii + String(repeating: "κόσμε 日本語 🦀힣퟿ ", count: 8)).utf8)
        for index in text.indices {
            for byte in [0x41, 0x80, 0x9F, 0xA0, 0xC0, 0xC3, 0xE0, 0xED, 0xF0, 0xF4, 0xF5, 0xFF] as [UInt8] {
                var sample = text
                sample[index] = byte
                let isValid = String(validating: sample, as: UTF8.self) != nil
                let found = sample.withUnsafeBufferPointer { UTF8Validator.isValid($0) }
                #expect(found == isValid, "\(byte) at \(index)")
            }
            // The cut may be anywhere here: neither piece has a fault.
            var validator = UTF8Validator()
            let accepted = [text[..<index], text[index...]].allSatisfy { validator.accepts($0.span) }
            #expect(accepted && validator.isComplete)
        }
    }

    /// `count` good bytes and a bad last one: the validator must not wait for more before it judges that.
    @Test func theLastByteThatHasComeIsJudged() {
        let text = Array(String(repeating: "日本語", count: 40).utf8)
        for count in text.indices {
            var validator = UTF8Validator()
            let bad: UInt8 = count % 3 == 0 ? 0xF5 : 0x41
            let sample = text[..<count] + [bad]
            let accepted = validator.accepts(sample.span)
            #expect(!accepted, "\(bad) at \(count)")
        }
    }

    @Test func everyPairAndTripleOfLeadingBytesIsJudgedAsTheStandardLibraryDoes() {
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max {
                for rest in [[], [0x80], [0x80, 0x80], [0x41]] as [[UInt8]] {
                    let sample = [first, second] + rest
                    let isValid = String(validating: sample, as: UTF8.self) != nil
                    if sample.withUnsafeBufferPointer({ UTF8Validator.isValid($0) }) != isValid {
                        Issue.record("\(sample)")
                    }
                }
            }
        }
    }
}
