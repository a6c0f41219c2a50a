/// A key that `tidegate key` has made, and its entry's beginning, name and hash, to which rights are added.
import Foundation
import TestSupport
import Testing

struct TestKey {
    let text: String
    let entry: String

    init(_ name: String) throws {
        let outcome = try StartTests.run(GatewayProcess.binary.path, ["key", name])
        let lines = outcome.output.split(separator: "\n").map(String.init)
        try #require(outcome.status == 0 && lines.count == 2)
        text = lines[0]
        entry = lines[1].split(separator: ", ").prefix(2).joined(separator: ", ")
    }

    var field: String { "Authorization: Bearer \(text)" }

    func may(_ rights: String) -> String { "\(entry), \(rights) }" }
}
