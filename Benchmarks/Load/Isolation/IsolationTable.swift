/// The results of lines as a table for people.
import Foundation

enum IsolationTable {
    private static let columns = [
        "line", "topics", "alone p99 ms", "p50", "p99", "worst", "longest turn", "longest answer",
        "grown MB", "waited", "what was done",
    ]

    static let legend = """
        Ages of the judge's updates in milliseconds: alone, and beside the line. longest turn: in ms, from the gateway's
        own figures, within bounds; longest answer: of /metrics, asked for twenty times a second. waited: how much of the
        time other processes kept the gateway from its core; beyond a few percent the row says little.
        """

    static func text(_ results: [IsolationResult]) -> String {
        Table.laidOut([columns] + results.map(cells), texts: [0, 10])
    }

    private static func cells(_ result: IsolationResult) -> [String] {
        func age(_ share: Double, _ ages: Histogram) -> String {
            ages.percentile(share).map { Table.number($0 / 1000) } ?? "–"
        }
        func milliseconds(_ value: Double) -> String { value > 0 ? Table.number(value) : "–" }
        let turn = result.turns.longestTurn
        var deeds = result.deeds.map { "\(Table.grouped(Double($0.count))) \($0.what)" }
        if result.missing > 0 { deeds.append("\(result.missing) of the judge's updates never came") }
        if let problem = result.problem { deeds.append("! " + problem) }
        return [
            result.line, Table.grouped(Double(result.topics)), age(0.99, result.alone),
            age(0.5, result.age), age(0.99, result.age), age(1, result.age),
            turn[0] < turn[1] * 0.9
                ? "\(Table.number(turn[0]))–\(Table.number(turn[1]))" : milliseconds(turn[1]),
            milliseconds(result.turns.longestAnswer),
            Table.number(Double(result.grownBytes) / 1e6), "\(Int((result.waited * 100).rounded())) %",
            deeds.joined(separator: ", "),
        ]
    }
}
