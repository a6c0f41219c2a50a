import Broker
import Primitives
import Testing

@testable import Gateway

@Suite struct UpdateReaderTests {
    /// What is published, or the refusal.
    private func outcome(_ read: (inout UpdateBatch) throws(Problem) -> Void) throws -> String {
        var batch = UpdateBatch()
        do throws(Problem) {
            try read(&batch)
        } catch {
            return told(error) + (batch.isEmpty ? "" : " and \(batch.count) updates")
        }
        return "\(try told(batch))"
    }

    private func body(_ text: String) throws -> String {
        try outcome { batch throws(Problem) in
            try UpdateReader.read(body: Array(text.utf8).span, into: &batch)
        }
    }

    private func line(_ text: String) throws -> String {
        try outcome { batch throws(Problem) in
            try UpdateReader.read(line: Array(text.utf8).span, into: &batch)
        }
    }

    @Test(arguments: [
        (#"{"topic":"a","data":1}"#, #"["a#1=1"]"#),
        (#"{"data":{"x": [1, "é"]},"topic":"a/b"}"#, #"["a/b#1={\"x\": [1, \"é\"]}"]"#),
        (#"{"topic":"a","data":null,"source":{"topic":5}}"#, #"["a#1=null"]"#),
        (#"{"topic":"a","data":1,"deleted":false}"#, #"["a#1=1"]"#),
        (#"{"topic":"a","data":1,"data":2}"#, #"["a#1=2"]"#),
        (#"{"topic":"\u0061","data":1}"#, #"["a#1=1"]"#),
        (#"{"topic":"a","deleted":true}"#, "[]"),
        (#"{"topic":5,"data":1}"#, "400 bad_request"),
        (#"{"data":1}"#, "400 bad_request"),
        (#"{"topic":"a"}"#, "400 bad_request"),
        (#"{"topic":"a","data":1,"deleted":true}"#, "400 bad_request"),
        (#"{"topic":"a","deleted":"true"}"#, "400 bad_request"),
        (#"{"topic":"a","deleted":false}"#, "400 bad_request"),
        (#"{"topic":"","data":1}"#, "400 invalid_topic"),
        (#"{"topic":"a/*","data":1}"#, "400 invalid_topic"),
        (#"{"topic":"\udc00","data":1}"#, "400 invalid_topic"),
        (#"{"topic":"a","data":1"#, "400 invalid_json"),
        (#"{"topic":"a","data":01}"#, "400 invalid_json"),
        ("5", "400 bad_request"), ("", "400 invalid_json"),
    ]) func anUpdateIsTheSameInABodyAndInALine(text: String, expected: String) throws {
        #expect(try body(text) == expected)
        #expect(try line(text) == expected)
    }

    @Test(arguments: [
        ("[]", "[]"),
        (#"[{"topic":"a","data":1},{"topic":"b","data":2}]"#, #"["a#1=1", "b#1=2"]"#),
        (#"[{"topic":"a","data":1},{"topic":"a","data":2},]"#, "400 invalid_json"),
        (#"[{"topic":"a","data":1}] x"#, "400 invalid_json"),
        (#"[{"topic":"a","data":1},[]]"#, "400 bad_request"),
    ]) func aBodyIsTakenWholeOrNotAtAll(text: String, expected: String) throws {
        #expect(try body(text) == expected)
    }

    /// A line is not the beginning of its text: `PublishIntake` knows the first.
    @Test func oneMarkMayStandBeforeABody() throws {
        #expect(try body("\u{FEFF}[{\"topic\":\"a\",\"data\":1}]") == #"["a#1=1"]"#)
        #expect(try body("\u{FEFF}\u{FEFF}{\"topic\":\"a\",\"data\":1}") == "400 invalid_json")
        #expect(try body("[{\"topic\":\"a\",\"data\":1},\u{FEFF}]") == "400 invalid_json")
        #expect(try line("\u{FEFF}{\"topic\":\"a\",\"data\":1}") == "400 invalid_json")
        let value = try outcome { batch throws(Problem) in
            try UpdateReader.read(value: Array("\u{FEFF}1.50".utf8).span, of: [0x61], .none, into: &batch)
        }
        #expect(value == #"["a#1=1.50"]"#)
    }

    @Test func aLineIsOneUpdate() throws {
        #expect(try line(#"[{"topic":"a","data":1}]"#) == "400 bad_request")
        #expect(try line(#"{"topic":"a","data":1} {"topic":"b","data":1}"#) == "400 invalid_json")
    }

    @Test func aNewlineBetweenMembersBecomesASpace() throws {
        #expect(try body("{\"topic\":\"a\",\"data\":{\"x\":\r\n1}}") == #"["a#1={\"x\":  1}"]"#)
    }

    @Test func textThatIsNotUTF8IsNoJSON() throws {
        let bytes = Array("{\"topic\":\"a\",\"data\":\"".utf8) + [0xFF] + Array("\"}".utf8)
        let body = try outcome { batch throws(Problem) in
            try UpdateReader.read(body: bytes.span, into: &batch)
        }
        let line = try outcome { batch throws(Problem) in
            try UpdateReader.read(line: bytes.span, into: &batch)
        }
        #expect(body == "400 invalid_json" && line == "400 invalid_json")
    }
}
