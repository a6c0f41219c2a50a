/// Publishes at a rate, on a thread of its own: one write a millisecond. Each update carries its time of sending.
import Foundation
import Primitives
import Synchronization

final class Publisher: Sendable {
    private let published = Atomic<Int>(0)
    private let isStopped = Atomic<Bool>(false)
    private let failure = Mutex<String?>(nil)

    var count: Int { published.load(ordering: .relaxed) }
    var problem: String? { failure.withLock { $0 } }

    func stop() { isStopped.store(true, ordering: .relaxed) }

    /// Publishes `workload` to each of the ports until it is stopped or has sent `limit` updates.
    func start(_ workload: Workload, to server: any Server, ports: [UInt16], limit: Int = .max) throws {
        let sockets = try ports.map { try BenchSocket(to: server.publishPort($0)) }
        // Bytes that wait in the publisher's kernel are as old as those in the server's.
        for socket in sockets { socket.setSendBuffer(byteCount: 128 * 1024) }
        let opening = server.encoder().opening
        for socket in sockets {
            guard let opening else { continue }
            try socket.sendAll(opening.send)
            if !opening.expect.isEmpty { try socket.await(opening.expect) }
        }
        Thread.detachNewThread { [self] in
            do {
                try publish(workload, server.encoder(), sockets, limit)
            } catch {
                failure.withLock { $0 = "\(error)" }
            }
            for socket in sockets { socket.close() }
        }
    }

    private func publish(
        _ workload: Workload, _ encoder: any PublicationEncoder, _ sockets: [BenchSocket], _ limit: Int
    ) throws {
        var encoder = encoder
        var source = UpdateSource(workload)
        let start = Instant.now()
        var output: [UInt8] = []
        var sent = 0
        while !isStopped.load(ordering: .relaxed) {
            let due = Int(Instant.now().since(start).seconds * workload.rate)
            // It does not make up at once for updates that a busy server did not take in time.
            let count = min(
                due - sent, max(Int(workload.rate / 100), 1), limit - published.load(ordering: .relaxed))
            if count > 0 {
                output.removeAll(keepingCapacity: true)
                encoder.begin(&output)
                for _ in 0..<count { source.next { encoder.append(topic: $0, data: $1, to: &output) } }
                encoder.end(&output)
                for socket in sockets { try socket.sendAll(output) }
                published.add(count, ordering: .relaxed)
                sent = due - sent > count ? due : sent + count
            }
            for socket in sockets where socket.receiveNow() == nil {
                throw BenchFailure("the server closed the publisher's connection")
            }
            usleep(workload.rate >= 1000 ? 1_000 : 500)
        }
    }
}

/// Makes updates; a seeded distribution draws their topics.
struct UpdateSource {
    private var generator = SeededGenerator(seed: 1)
    private let names: [[UInt8]]
    /// The running sums of the topics' shares, for a search.
    private let shares: [Double]
    private var data: [UInt8]
    private let stampPlace: Int

    init(_ workload: Workload) {
        names = (0..<workload.topics).map { Array(Workload.topicName($0).utf8) }
        var sum = 0.0
        shares = (0..<workload.topics).map { rank in
            sum += 1 / pow(Double(rank + 1), workload.skew)
            return sum
        }
        var text = "{\"time\":\"@00000000\",\"bid\":101.25,\"ask\":101.27,\"last\":101.26,\"note\":\""
        let padding = max(workload.payload - text.utf8.count - 2, 0)
        text += String(repeating: "x", count: padding) + "\"}"
        data = Array(text.utf8)
        stampPlace = data.firstIndex(of: Stamp.sign) ?? 0
    }

    mutating func next(_ body: (_ topic: [UInt8], _ data: [UInt8]) -> Void) {
        let wanted = generator.unit() * (shares.last ?? 1)
        var low = 0
        var high = shares.count - 1
        while low < high {
            let middle = (low + high) / 2
            if shares[middle] > wanted { high = middle } else { low = middle + 1 }
        }
        data.withUnsafeMutableBufferPointer {
            guard let start = $0.baseAddress else { return }
            Stamp.write(Stamp.now(), at: start + stampPlace)
        }
        body(names[low], data)
    }
}
