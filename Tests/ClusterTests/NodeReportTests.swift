import Broker
import Testing

@testable import Cluster

@Suite struct NodeReportTests {
    private static var report: NodeReport {
        var node = Fleet.Node(name: "a")
        node.address = "http://a:8080/\"\u{7}é"
        node.version = "1.2"
        node.epoch = "e5"
        node.position = .max
        node.lag = 7
        node.connections = 12
        node.isDraining = true
        var report = NodeReport(process: "p1", node: node)
        report.hasEnded = true
        report.orders = [
            NodeOrder(id: "o1", content: Array("{\"subject\":\"é\"}".utf8)), NodeOrder(id: "o2", content: []),
        ]
        report.carriedOut = [CarriedOutOrder(id: "x", count: 0), CarriedOutOrder(id: "y", count: 7)]
        return report
    }

    @Test func comesBackAsItWas() {
        #expect(NodeReport(of: "a", json: Self.report.json) == Self.report)
    }

    @Test func whatALaterVersionSaysIsPassedOver() {
        let text = #"{"process":"p","more":{"lag":[1]},"lag":3}"#
        let read = NodeReport(of: "b", json: Array(text.utf8))
        #expect(read?.node.lag == 3 && read?.process == "p" && read?.node.name == "b")
    }

    @Test func garbageIsNothing() {
        let whole = Self.report.json
        for end in 0..<whole.count { #expect(NodeReport(of: "a", json: Array(whole[..<end])) == nil) }
        for text in [
            "[]", "{}x", #"{"lag":-1}"#, #"{"lag":"x"}"#, #"{"position":1.5}"#, #"{"epoch":5}"#,
            #"{"orders":{}}"#, #"{"ended":1}"#,
            #"{"orders":[7]}"#, #"{"carriedOut":[{"count":-1}]}"#,
        ] {
            #expect(NodeReport(of: "a", json: Array(text.utf8)) == nil, "\(text)")
        }
        #expect(NodeReport(of: "a", json: [0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D]) == nil)
    }
}
