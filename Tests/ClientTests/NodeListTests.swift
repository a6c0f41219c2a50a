import Testing

@testable import Client

@Suite struct NodeListTests {
    @Test func isReadAsItIsWritten() throws {
        let away =
            #"{"name":"b","address":"","version":"1","epoch":"","position":0,"lag":9,"connections":0,"time":1,"age":12.5,"draining":true,"away":true}"#
        let text =
            #"{"node":"a","epoch":"e1","position":7,"new":[1],"nodes":[{"name":"a","address":"http://a:1","epoch":"e1","position":7,"lag":0,"connections":3,"age":0.1}, \#(away)]}"#
        let list = try NodeList(json: Array(text.utf8).span)
        #expect(list.asked == "a" && list.nodes.map(\.name) == ["a", "b"])
        #expect(list.nodes[0].position == 7 && list.nodes[0].connections == 3 && !list.nodes[0].isAway)
        #expect(list.nodes[1].isDraining && !list.nodes[0].isDraining)
        #expect(list.nodes[1].isAway && list.nodes[1].age == 12.5 && list.nodes[1].lag == 9)
        #expect(list.nodes[1].line == Array(away.utf8))
    }

    @Test(arguments: ["", "[]", #"{"nodes":5}"#, #"{"nodes":[{"lag":-1}]}"#, #"{"nodes":[5]}"#])
    func whatIsNoListIsRefused(text: String) {
        #expect(throws: (any Error).self) { try NodeList(json: Array(text.utf8).span) }
    }
}
