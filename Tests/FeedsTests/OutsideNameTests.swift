import Primitives
import Testing

@testable import Broker
@testable import Feeds

@Suite struct OutsideNameTests {
    @Test(arguments: [
        // What is a topic stays, so that what was recorded is played as it was.
        ("ACME", "ACME"), ("fx/EUR/USD", "fx/EUR/USD"), ("é\u{A0}💶", "é\u{A0}💶"), ("100%", "100%"),
        ("BRK%20B", "BRK%20B"), ("cciss/c0d0", "cciss/c0d0"), ("a.b", "a.b"), ("...", "..."),
        ("BRK B", "BRK%20B"), ("a,b", "a%2Cb"), ("*", "%2A"), ("a/**", "a/%2A%2A"), ("\t\r\n", "%09%0D%0A"),
        ("\0\u{7F}", "%00%7F"), ("é *", "é%20%2A"), ("5 %", "5%20%25"),
        (".", "%2E"), ("..", "%2E%2E"), ("a/./b", "a/%2E/b"), ("../a", "%2E%2E/a"), ("a/. ", "a/.%20"),
        ("/", "%2F"), ("//", "%2F%2F"), ("/a", "%2Fa"), ("a/", "a%2F"), ("a//b", "a/%2Fb"),
        ("a///b", "a/%2F/b"), (" /x", "%20/x"), ("", ""),
    ]) func whatATopicCannotHoldIsPercentEncoded(name: String, topic: String) {
        #expect(OutsideName.segments(name) == topic)
        #expect(topic.isEmpty || topicFault(topic) == nil)
        // Once is enough.
        #expect(OutsideName.segments(topic) == topic)
    }

    @Test(
        arguments: [
            ([0x63, 0xE9], "c%E9"), ([0xC3, 0xA9, 0xC3], "é%C3"),
            ([0xF0, 0x9F, 0x92, 0x2F, 0x61], "%F0%9F%92/a"),
            ([0xFF, 0xFE], "%FF%FE"), ([0xED, 0xA0, 0x80], "%ED%A0%80"),
        ] as [([UInt8], String)])
    func bytesThatAreNoTextToo(name: [UInt8], topic: String) {
        #expect(String(decoding: OutsideName.segments(name), as: UTF8.self) == topic)
        #expect(topicFault(topic) == nil)
    }

    /// Names that are no topics become topics, and different ones.
    @Test func anyBytesMakeATopicOfTheirOwn() throws {
        let alphabet: [UInt8] = Array(" /.%20".utf8) + [0xC3, 0xA9]
        var names: [[UInt8]] = [[]]
        var sources: [[UInt8]: [UInt8]] = [:]
        for _ in 0..<5 {
            names = names.flatMap { name in alphabet.map { name + [$0] } }
            for name in names {
                let topic = OutsideName.segments(name)
                try TopicName.check(topic.span)
                let other = topic == name ? nil : sources.updateValue(name, forKey: topic)
                try #require(other == nil)
            }
        }
        #expect(sources.count > 10_000)
    }

    private func fitted(_ topic: String) -> String {
        String(decoding: OutsideName.fitted(Array(topic.utf8)), as: UTF8.self)
    }

    @Test func aLongTopicIsCutAndKeepsANameOfItsOwn() {
        let long = String(repeating: "a", count: 256)
        #expect(fitted(long) == long)
        // FNV-1a of 64 bits over 257 times "a", reckoned elsewhere.
        #expect(fitted(long + "a") == String(repeating: "a", count: 239) + "~70a8dc6fbe487b8c")
        #expect(fitted(long + "a") != fitted(long + "b"))
    }

    @Test(arguments: ["é", "%2F", "💶", "/", "a"]) func nothingIsCutWithin(unit: String) {
        for shift in 0..<4 {
            let topic = fitted(String(repeating: "s", count: shift) + String(repeating: unit, count: 300))
            #expect((253...256).contains(topic.utf8.count))
            let kept = topic.dropLast(17).drop { $0 == "s" }
            #expect(kept.allSatisfy { unit.contains($0) } && kept.utf8.count % unit.utf8.count == 0)
        }
    }
}
