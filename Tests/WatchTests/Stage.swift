/// A model, and events that happen to it at times that the test chooses.
import Client
import Primitives
import Testing

@testable import Watch

struct Stage {
    var model: WatchModel
    var now = Instant(nanoseconds: 1_000_000_000_000)
    var time = UnixTime(milliseconds: 1_764_000_000_000)
    private var versions: [String: UInt64] = [:]

    init(
        _ topics: [String] = ["**"], columns: [String]? = nil, size: Size = Size(columns: 80, rows: 24),
        transport: SubscriptionTransport = .webSocket
    ) {
        model = WatchModel(
            WatchSubscription(topics: topics, transport: transport), at: "http://127.0.0.1:8080",
            columns: columns?.map { MemberPath($0) }, size: size)
        model.begin(isWhole: true)
        hear(.connected(transport))
    }

    mutating func pass(_ duration: Duration) {
        now = now + duration
        time.milliseconds += duration.nanoseconds / 1_000_000
    }

    @discardableResult
    mutating func hear(_ event: SubscriptionEvent) -> Bool { model.apply(event, now: now, time: time) }

    /// An update of `topic`; its version is the last one plus one, plus `skipping`.
    @discardableResult
    mutating func update(_ topic: String, _ data: String, skipping: UInt64 = 0, age: UInt64 = 20) throws
        -> Bool
    {
        versions[topic, default: 0] += 1 + skipping
        return hear(
            .update(try update(topic, data, version: versions[topic] ?? 0, age: age), conflated: skipping))
    }

    func update(_ topic: String, _ data: String?, version: UInt64, age: UInt64 = 20, at: UInt64? = nil) throws
        -> Update
    {
        let end =
            (at.map { "\"at\":\($0)," } ?? "") + (data.map { "\"data\":\($0)" } ?? "\"deleted\":true")
        let line =
            #"{"topic":"\#(topic)","version":\#(version),"time":\#(time.milliseconds - age),\#(end)}"#
        return try Update(line: Array(line.utf8))
    }

    /// What `topic` shows has counted as stale for `age` milliseconds.
    mutating func grow(stale topic: String, age: UInt64 = 0) {
        hear(.stale(Staleness(topic: Array(topic.utf8), since: time.milliseconds - age)))
    }

    @discardableResult
    mutating func press(_ keys: Key...) -> [Effect] {
        defer { model.settle(now: now) }
        return keys.compactMap { key in
            model.settle(now: now)
            return model.handle(.key(key), now: now)
        }
    }

    @discardableResult
    mutating func type(_ text: String) -> [Effect] {
        text.unicodeScalars.flatMap { press(.text($0)) }
    }

    /// The names of the rows, in order.
    mutating func names() -> [String] {
        model.settle(now: now)
        return model.order.map { model.shown.rows[$0].name }
    }

    mutating func selectedName() -> String? {
        model.settle(now: now)
        return model.selected.map { String(decoding: $0, as: UTF8.self) }
    }

    mutating func grid(_ capabilities: Capabilities = Capabilities(depth: .full, isUnicode: true)) -> Grid {
        model.settle(now: now)
        return WatchView.grid(of: model, on: capabilities, now: now, time: time)
    }
}

extension Grid {
    var lines: [String] { (0..<size.rows).map { text(ofRow: $0) } }

    var text: String { lines.joined(separator: "\n") + "\n" }

    /// The style of the first cell in a row that shows `scalar`.
    func style(of scalar: Unicode.Scalar, row: Int) -> Style? {
        (0..<size.columns).first { self[row, $0].scalar == scalar }.map { self[row, $0].style }
    }
}
