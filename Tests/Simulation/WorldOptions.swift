/// What kind of world a seed makes. Each is a little different, so that a few hundred of them see a lot.
import Access
import Broker
import Gateway
import Primitives
import Storage

package struct WorldOptions: Sendable {
    /// Readers that never read a byte, besides the others.
    package var withSleepers = false
    /// Only feeds publish, a fixed number of times, and readers come once and stay: what they hold in the end depends on
    /// nothing else.
    package var isPlain = false
    /// A stream may wait to read until it can be written, and the other way round, as TLS does.
    package var crossesInterest = true
    /// Streams begin with a handshake of several steps.
    package var shakesHands = true
    /// Goodbyes and the readers' return are spread over some time.
    package var spreadsGoodbyes = true
    /// A paced reader of logs is held to its pace in its other topics too. Off: where a log's turn ends with the flush, what is
    /// left of the round may be nothing, and then the next round begins before its time.
    package var holdsPaceBesideLogs = false
    /// Tells all that happened, and not the last of it.
    package var keepsTrace = false

    package init() {}
}

/// What chance made of the options.
struct Climate {
    /// Nothing breaks and nobody polls, so that what was counted can be compared with what was received.
    let isMeasured: Bool
    /// The kernel shuffles, omits and makes up.
    let isWhimsical: Bool
    /// So much is published that readers with small flushes are never done.
    let isFlooded: Bool
    let listenerCount: Int
    /// Chances in a hundred.
    let publishing: Int
    let turning: Int
    /// Drains in the middle, and goes on with another gateway.
    let drainsAt: Int?
    let drainsAtEnd: Bool
    let outboundLimits: [Int]
    /// The steps of a walk before others have their turn.
    let visitSteps: Int
    /// Nanoseconds that pass with each look at the clock: a loop's work takes time, and parts of a turn are cut.
    let lookTime: Int
    /// Now and then the loops may hold hardly anything for their clients.
    let isScarce: Bool
    /// Some read with rights that change and end.
    let hasPrincipals: Bool
    /// What is accepted is kept in a journal, which outlives the gateway; nil: in memory alone.
    let keeping: SyncMode?

    /// Whether a few readers are a crowd, whose marks lag behind what is sent.
    var isMarkedInPortions: Bool { visitSteps < 256 }

    /// How much longer all takes where parts of turns are cut, and walks are of few steps a turn.
    var slowness: Int {
        if lookTime == 0 { return visitSteps < 7 ? 3 : 1 }
        return visitSteps < 256 ? 30 : 8
    }

    init(_ options: WorldOptions, seed: UInt64, steps: Int, _ random: inout SeededGenerator) {
        isMeasured = options.isPlain || random.chance(25)
        isWhimsical = random.chance(70)
        listenerCount = 1 + random.below(2)
        isFlooded = !options.isPlain && random.chance(10)
        publishing = isFlooded ? 40 : random.pick([2, 6, 15])
        turning = isFlooded ? 50 : random.pick([15, 30, 45])
        drainsAt = !options.isPlain && random.chance(30) ? steps / 4 + random.below(steps / 2) : nil
        drainsAtEnd = !options.isPlain && random.chance(20)
        outboundLimits = random.pick([
            [64 * 1024], [300, 2000, 64 * 1024], [64 * 1024, 200_000], [100, 700, 5000], [16 * 1024],
        ])
        visitSteps = random.pick([1, 2, 7, 256])
        isScarce = !isMeasured && seed % 5 == 4
        hasPrincipals = !options.isPlain && seed % 9 == 8
        let isKeeping = !options.isPlain && seed % 4 == 3
        keeping = isKeeping ? SyncMode.allCases[Int(seed / 4 % UInt64(SyncMode.allCases.count))] : nil
        lookTime = isMeasured ? 0 : random.pick([0, 0, 20_000, 150_000, 400_000])
    }

    /// Times so short that a world of a few simulated minutes meets them all.
    static func configuration(_ options: WorldOptions, _ random: inout SeededGenerator) throws
        -> GatewayConfiguration
    {
        var configuration = GatewayConfiguration()
        configuration.threadCount = 2 + random.below(2)
        configuration.publicFolder = nil
        configuration.operations.connections = .on
        configuration.http.headTimeout = .milliseconds(1200)
        configuration.handshakes.timeout = .milliseconds(1200)
        configuration.http.bodyTimeout = .milliseconds(1500)
        configuration.http.idleTimeout = .seconds(4)
        configuration.subscribers.pingInterval = .seconds(3)
        configuration.subscribers.pongTimeout = .milliseconds(1500)
        configuration.subscribers.eventStreamHeartbeat = .seconds(2)
        configuration.subscribers.sendTimeout = .seconds(5)
        configuration.subscribers.closeTimeout = .seconds(1)
        configuration.subscribers.flushByteCount = random.pick([200, 1500, 64 * 1024])
        configuration.subscribers.answerByteCount = random.pick([1500, 1024 * 1024])
        configuration.subscribers.flushInterval = random.pick([.zero, .milliseconds(13)])
        configuration.subscribers.compression.mode = random.pick([.on, .on, .auto])
        configuration.subscribers.compression.contextTakeover = random.chance(40)
        configuration.subscribers.compression.minimumByteCount = random.pick([0, 256])
        configuration.drain.spread = options.spreadsGoodbyes ? .seconds(1) : .zero
        configuration.drain.reconnectSpread = options.spreadsGoodbyes ? .seconds(1) : .zero
        configuration.drain.deadline = .seconds(3)
        configuration.retention.tombstoneLimit = random.pick([0, 1, 3, 1000, 1000])
        for size in [1, 3, 8] {
            configuration.retention.logs.append((try TopicPattern("log\(size)/**"), size))
        }
        configuration.retention.staleness = [(try TopicPattern("*/0"), Interval(.milliseconds(300)))]
        configuration.retention.timesToLive = [(try TopicPattern("new/*"), Interval(.milliseconds(700)))]
        return configuration
    }
}

extension GatewayConfiguration {
    /// Those who show a token have its rights; strangers have all, as in other worlds.
    mutating func believeTokens() throws {
        guard let key = VerifyingKey(secret: PrincipalClient.secret) else {
            throw SimulationFailure("the secret is too short")
        }
        access.credentials.issuers = [Issuer(name: nil, algorithms: [.hs256], keys: [key])]
        access.credentials.leeway = .zero
        access.failureRate = 0
    }
}
