/// Feeds nodes of a cluster without HTTP in front of them; `Benchmarks/cluster` starts the Redis.
///
/// usage: tidegate-bus REDIS-URL NODES UPDATES [UPDATES IN A BATCH]
import Cluster
import Glibc
import Primitives
import Transport

func stop(_ message: String) -> Never {
    print("tidegate-bus: \(message)")
    exit(2)
}

let words = Array(CommandLine.arguments.dropFirst())
guard 3...4 ~= words.count, let nodeCount = Int(words[1]), 1...16 ~= nodeCount,
    let updateCount = Int(words[2]),
    let batchSize = words.count == 4 ? Int(words[3]) : 50, batchSize > 0, updateCount >= batchSize * nodeCount
else {
    stop("usage: tidegate-bus REDIS-URL NODES UPDATES [UPDATES IN A BATCH]")
}
do {
    let url = try RedisURL(words[0])
    let batches = updateCount / nodeCount / batchSize
    let nodes = try (0..<nodeCount).map { try BusNode("node-\($0)", at: url, batchSize: batchSize) }
    for node in nodes { node.waitUntilLoaded() }
    let begun = Instant.now()
    let publishers = try nodes.map { try $0.publish(batches) }
    for publisher in publishers { publisher.join() }
    // Whoever was answered has read back what it has published.
    let end = nodes.map(\.applied).max() ?? 0
    for node in nodes { node.waitUntilApplied(end) }
    let seconds = Double(Instant.now().since(begun).nanoseconds) / 1e9
    let count = batches * batchSize * nodeCount
    print("\(Int(Double(count) / seconds)) \(end) \(count)")
    exit(0)
} catch {
    stop("\(error)")
}
