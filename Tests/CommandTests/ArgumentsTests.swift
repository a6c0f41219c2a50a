import Testing

@testable import tidegate

struct ArgumentsTests {
    private func failure(_ words: [String], _ read: (inout Arguments) throws -> Void) -> String? {
        var arguments = Arguments(words)
        do {
            try read(&arguments)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test func readsOptionsInAnyOrder() throws {
        var arguments = Arguments(["a/*", "--url", "http://x", "--json", "--count=3", "b", "-5", "-"])
        #expect(try arguments.flag("--json"))
        #expect(try !arguments.flag("--names"))
        #expect(try arguments.value("--url") == "http://x")
        #expect(try arguments.integer("--count", in: 1...9) == 3)
        #expect(try arguments.positionals(0...9) == ["a/*", "b", "-5", "-"])
    }

    @Test func takesAllBehindTwoDashesAsItIs() throws {
        var arguments = Arguments(["--json", "--", "--url", "--help"])
        #expect(!arguments.wantsHelp)
        #expect(try arguments.flag("--json"))
        #expect(try arguments.value("--url") == nil)
        #expect(try arguments.positionals(0...9) == ["--url", "--help"])
    }

    @Test func anEmptyValueIsAValue() throws {
        var arguments = Arguments(["--cursor", "", "--url="])
        #expect(try arguments.value("--cursor")?.isEmpty == true)
        #expect(try arguments.value("--url")?.isEmpty == true)
    }

    @Test func namesTheNearestOption() {
        let read: (inout Arguments) throws -> Void = {
            _ = try $0.flag("--json")
            _ = try $0.value("--transport")
            _ = try $0.positionals(0...1)
        }
        #expect(failure(["--jsn"], read) == "unknown option --jsn; did you mean --json?")
        #expect(failure(["--trasport=ws"], read) == "unknown option --trasport; did you mean --transport?")
        #expect(failure(["--frobnicate"], read) == "unknown option --frobnicate")
        #expect(failure(["-n", "5"], read) == "unknown option -n")
        #expect(failure(["a", "b"], read) == "unexpected \"b\"")
    }

    @Test func refusesWhatDoesNotFit() {
        #expect(failure(["--url"]) { _ = try $0.value("--url") } == "--url needs a value: --url VALUE")
        #expect(failure(["--url", "--json"]) { _ = try $0.value("--url") } != nil)
        #expect(failure(["--json=1"]) { _ = try $0.flag("--json") } == "--json takes no value")
        #expect(failure(["--json", "--json"]) { _ = try $0.flag("--json") } == "--json is given twice")
        #expect(failure(["--count", "0"]) { _ = try $0.integer("--count", in: 1...9) } != nil)
        #expect(failure(["--max-rate", "nan"]) { _ = try $0.positiveNumber("--max-rate") } != nil)
        #expect(failure(["--max-rate", "0"]) { _ = try $0.positiveNumber("--max-rate") } != nil)
        #expect(
            failure(["--transport", "tcp"]) { _ = try $0.choice("--transport", of: ["ws", "sse"]) } != nil)
    }

    @Test func measuresWords() {
        #expect(editDistance("tail", "tail") == 0)
        #expect(editDistance("tial", "tail") == 2)
        #expect(editDistance("", "abc") == 3)
    }
}
