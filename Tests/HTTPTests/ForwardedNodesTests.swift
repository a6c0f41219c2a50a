import HTTP
import Primitives
import Testing

/// What proxies say of a request's way: the nearest first, and nothing of it is believed here.
@Suite struct ForwardedNodesTests {
    private func listed(_ lines: String...) -> [String] {
        ForwardedNodes.listed(in: lines.map { Array($0.utf8) }).map { $0.span.text }
    }

    private func forwarded(_ lines: String...) -> [String] {
        ForwardedNodes.forwarded(in: lines.map { Array($0.utf8) }).map { $0.span.text }
    }

    @Test func readsAListFromItsEnd() {
        #expect(
            listed("203.0.113.1, 198.51.100.2 ,\t2001:db8::1") == [
                "2001:db8::1", "198.51.100.2", "203.0.113.1",
            ])
        #expect(listed("a", "b, c") == ["c", "b", "a"])
        #expect(listed() == [] && listed("") == [""] && listed("a,") == ["", "a"])
    }

    /// The examples of RFC 7239 §4 and §7.1.
    @Test func readsTheExamples() {
        #expect(forwarded("for=\"_gazonk\"") == ["_gazonk"])
        #expect(forwarded("For=\"[2001:db8:cafe::17]:4711\"") == ["[2001:db8:cafe::17]:4711"])
        #expect(forwarded("for=192.0.2.60;proto=http;by=203.0.113.43") == ["192.0.2.60"])
        #expect(forwarded("for=192.0.2.43, for=198.51.100.17") == ["198.51.100.17", "192.0.2.43"])
        #expect(
            forwarded("for=192.0.2.43, for=\"[2001:db8:cafe::17]\";by=x") == [
                "[2001:db8:cafe::17]", "192.0.2.43",
            ])
        #expect(forwarded("for=192.0.2.43", "for=unknown") == ["unknown", "192.0.2.43"])
        #expect(forwarded("by=1;FOR = 2") == [""] && forwarded("by=1;FOR=2") == ["2"])
    }

    /// Whatever a client has written before the proxy's own element, it can at most spoil that element.
    @Test(arguments: [
        "for=\"", "for=\"\\", "for=\"a\\\"", ",,,", "for", "=", "for=1;for=2", "for=\"a\"b", "\"",
        "for=10.0.0.1;x=\"",
    ]) func nobodyWritesInAProxysPlace(begun: String) {
        let nodes = forwarded("\(begun), for=192.0.2.1")
        #expect(nodes.first == "192.0.2.1" || nodes.first == "", "\(nodes)")
        #expect(forwarded(begun, "for=192.0.2.1").first == "192.0.2.1")
    }

    @Test(arguments: [
        "for", "for=1;for=1", "for=\"1", "for=\"1\\", "for=1\"", "for=\"1\"2", "by=1", "", "for=a b",
        "for=;for=1",
    ]) func whatBreaksTheGrammarIsNobody(element: String) {
        #expect(forwarded(element) == [""])
    }

    @Test func unescapes() {
        #expect(forwarded(#"for="1\9\"\\2, 3;4""#) == [#"19"\2, 3;4"#])
    }

    @Test func looksAtSoManyElements() {
        let line = (0..<10_000).map(String.init).joined(separator: ",")
        #expect(listed(line).count == ForwardedNodes.limit && listed(line).first == "9999")
        #expect(listed(line).last == "\(10_000 - ForwardedNodes.limit)")
        #expect(listed("a", line).count == ForwardedNodes.limit && listed(line, "a")[...1] == ["a", "9999"])
    }
}
