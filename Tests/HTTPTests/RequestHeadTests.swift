import HTTP
import Primitives
import Testing

struct RequestHeadTests {
    private func head(_ fields: String, target: String = "/") throws -> RequestHead {
        try #require(try parse("GET \(target) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"))
    }

    private func text(_ bytes: [UInt8]?) -> String? {
        bytes.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func findsFieldsInAnyCase() throws {
        let head = try head("X-One: 1\r\nx-one:2\r\nX-ONE: \t 3 \t\r\nEmpty:\r\n")
        #expect(text(head.field("x-One")) == "1")
        #expect(head.fields(named: "X-oNE").map { text($0) } == ["1", "2", "3"])
        #expect(text(head.field("Empty")) == "")
        #expect(head.field("Absent") == nil)
        #expect(head.fields.count == 5)
        #expect(head.fields.all.map { text($0.name) } == ["Host", "X-One", "x-one", "X-ONE", "Empty"])
        #expect(text(head.authority) == "a")
        #expect(text(try self.head("", target: "http://b:80/").authority) == "b:80")
    }

    @Test func findsTokensOnAllLines() throws {
        let head = try head("Connection: keep-alive , Upgrade\r\nConnection: x\r\nUpgrade: WebSocket\r\n")
        #expect(head.hasToken("upgrade", in: "connection"))
        #expect(head.hasToken("X", in: "Connection"))
        #expect(head.hasToken("websocket", in: "Upgrade"))
        #expect(!head.hasToken("keep", in: "Connection"))
        #expect(!head.hasToken("upgrade", in: "Absent"))
    }

    @Test func decodesThePath() throws {
        let head = try head("", target: "/topics/a%2Fb/../c+d%20%c3%A9?x")
        #expect(text(head.decodedPath) == "/topics/a/b/../c+d é")
        #expect(text(head.path) == "/topics/a%2Fb/../c+d%20%c3%A9")
        for target in ["/%", "/%2", "/%2g", "/%%20"] {
            #expect(try self.head("", target: target).decodedPath == nil)
        }
    }

    @Test func splitsTheQuery() throws {
        let items = try #require(
            try head("", target: "/?topics=a%2C%2Fb,c/*&&topic=x+y&flag&=v&e=&r=1=2&").queryItems())
        #expect(items.map { text($0.name) } == ["topics", "topic", "flag", "", "e", "r"])
        #expect(items.map { text($0.value) } == ["a,/b,c/*", "x+y", "", "v", "", "1=2"])
        #expect(try head("", target: "/?a=%zz").queryItems() == nil)
        #expect(try head("", target: "/").queryItems()?.isEmpty == true)
    }

    @Test func namesTheMethod() throws {
        #expect(try parse("M-SEARCH / HTTP/1.0\r\n\r\n")?.methodName == "M-SEARCH")
    }

    @Test(arguments: [
        ("Prefer: wait=10", 10), ("prefer: respond-async, WAIT = 100; x=y", 100),
        ("Prefer: return=minimal\r\nPrefer: wait=\"7\"", 7), ("Prefer: wait=1, wait=2", 1),
        ("Prefer: foo=\"a, wait=3\", wait=4", 4), ("Prefer: wait=x, wait=2", nil), ("Prefer: wait", nil),
        ("Prefer: waiting=2", nil), ("Prefer: wait=-1", nil), ("Prefer: wait=99999999999999999999", nil),
        ("Prefer: a;wait=3", nil), ("X: y", nil),
    ])
    func readsThePreferredWait(fields: String, wait: Int?) throws {
        #expect(try head(fields + "\r\n").preferredWait == wait)
    }
}
