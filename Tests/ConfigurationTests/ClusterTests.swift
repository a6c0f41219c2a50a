import Cluster
import Configuration
import Glibc
import Settings
import Testing

/// The section `cluster`.
@Suite struct ClusterTests {
    private func read(_ members: String, besides: String = "") throws -> TidegateConfiguration {
        let text = #"{"cluster": {\#(members)}\#(besides)}"#
        return try TidegateConfiguration(text: Array(text.utf8), file: "config.json")
    }

    private func refusal(_ members: String, besides: String = "") -> String {
        do {
            _ = try read(members, besides: besides)
            return "nothing was refused"
        } catch {
            return "\(error)"
        }
    }

    private static let redis = #""kind": "redis", "url": "redis://ann@127.0.0.1:7000/2""#

    @Test func aGatewayIsAloneUnlessItIsSaid() throws {
        let text = Array("{}".utf8)
        #expect(try TidegateConfiguration(text: text, file: "config.json").cluster == nil)
        let named = ["cluster.kind": "redis", "cluster.url": "redis://127.0.0.1"]
        let configuration = try TidegateConfiguration(text: text, file: "config.json", overrides: named)
        #expect(configuration.cluster?.prefix == "tg" && configuration.cluster?.node == nil)
    }

    @Test func theSecretIsElsewhere() throws {
        setenv("CLUSTER_TEST_SECRET", "hidden", 1)
        let cluster = try read(Self.redis + #", "secret": "env:CLUSTER_TEST_SECRET", "node": "a""#).cluster
        #expect(cluster?.url.password == "hidden" && cluster?.node == "a")
        #expect(
            refusal(Self.redis + #", "secret": "hidden""#).contains("cluster.secret: it is not written here"))
    }

    @Test func aPasswordInTheURLIsNotShown() throws {
        var effective = EffectiveSettings()
        let text = #"{"cluster": {"kind": "redis", "url": "redis://ann:hidden@127.0.0.1"}}"#
        let configuration = try TidegateConfiguration(
            text: Array(text.utf8), file: "config.json", overrides: [:], labels: [:], noting: &effective)
        #expect(configuration.cluster?.url.password == "hidden")
        #expect(!effective.entries.contains { $0.value.contains("hidden") })
    }

    @Test(
        arguments: [
            (#""url": "redis://127.0.0.1""#, "cluster.kind: it is missing"),
            (#""kind": "raft", "url": "redis://127.0.0.1""#, #""raft" is none"#),
            (#""kind": "redis""#, "cluster.url: it is missing"),
            (#""kind": "redis", "url": "http://127.0.0.1""#, "cluster.url: "),
            (redis + #", "prefix": """#, "cluster.prefix: 1 to 32"),
            (redis + #", "prefix": "a{b""#, "cluster.prefix: 1 to 32"),
            (redis + #", "node": "a b""#, "cluster.node: 1 to 64"),
            (redis + #", "nodes": "a""#, #"Did you mean "node"?"#),
        ])
    func whatCanNotBeIsRefused(members: String, expected: String) {
        #expect(refusal(members).contains(expected), "\(refusal(members))")
    }

    @Test func itKeepsNothingItself() {
        #expect(refusal(Self.redis, besides: #", "storage": {"folder": "data"}"#).contains("storage.folder"))
        #expect(
            refusal(Self.redis, besides: #", "publishers": {"bodyBytes": 5000000}"#).contains(
                "4194304 at most"))
    }
}
