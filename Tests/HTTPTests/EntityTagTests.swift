import HTTP
import Primitives
import Testing

struct EntityTagTests {
    private func condition(_ fields: String) throws -> EntityTagCondition? {
        var parser = RequestParser()
        let text = "GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n"
        return try #require(try parser.parse(Array(text.utf8).span)).head.ifNoneMatch
    }

    @Test(arguments: [
        (#"If-None-Match: "xyzzy""#, ["xyzzy"]),
        (#"If-None-Match: W/"xyzzy", "r2d2,x" ,"c\""#, ["xyzzy", "r2d2,x", #"c\"#]),
        ("If-None-Match: \"a\"\r\nIf-None-Match: \"b\"", ["a", "b"]),
        (#"If-None-Match: "", "*""#, ["", "*"]),
        (#"If-None-Match: w/"b",, "open"#, ["b"]),
        // What was written behind the quotes, or without any.
        (#"If-None-Match: "a"-gzip, bare ,W/weak, "b" c"#, ["a", "bare", "weak", "b"]),
    ])
    func aListIsReadToItsEnd(fields: String, tags: [String]) throws {
        #expect(try condition(fields) == .tags(tags.map { EntityTag(Array($0.utf8)) }))
    }

    @Test func aStarIsAnythingAndNothingIsNothing() throws {
        #expect(try condition("If-None-Match: *") == .any)
        #expect(try condition("X: y") == nil)
    }

    @Test(arguments: [
        ("a1b2", true), ("a1b2-gzip", true), ("a1b2;gzip", true), ("a1b2--gzip", true),
        ("a1b2-br-gzip", true),
        ("a1b2:zstd", true), ("a1b2/df", true), ("a1b2c", false), ("a1b", false), ("", false),
        ("-gzip", false), ("x-a1b2", false),
    ])
    func aMarkThatWasAppendedCountsForNothing(presented: String, comesFromOwn: Bool) {
        #expect(EntityTag(Array(presented.utf8)).comesFrom(Array("a1b2".utf8)) == comesFromOwn)
    }

    @Test func theLongestOriginalComesFirst() {
        func originals(_ text: String, upTo limit: Int = 64) -> [String] {
            EntityTag(Array(text.utf8)).originals(upTo: limit).map { $0.span.text }
        }
        #expect(originals("k3-21-gzip") == ["k3-21-gzip", "k3-21", "k3"])
        #expect(originals("k3-21gzip") == ["k3-21gzip", "k3-21", "k3"])
        #expect(originals("k3-21;gzip", upTo: 8) == ["k3-21", "k3"])
        #expect(originals("k3-21", upTo: 4) == ["k3"])
        #expect(originals("") == [])
    }
}
