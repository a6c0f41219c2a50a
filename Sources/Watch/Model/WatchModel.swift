/// The content of the screen. The gateway, the person and time change it.
///
/// Values only: no socket, no terminal, no clock. Actions outside are returned as an `Effect`.
package import Client
package import Primitives

package struct WatchModel: Sendable {
    /// The subscription that the session asks for.
    package var subscription: WatchSubscription
    package let url: String
    /// Columns that the person asked for; nil: guess them.
    private let chosenColumns: [MemberPath]?

    // MARK: Data

    package internal(set) var table = TopicTable()
    /// The table that a paused screen shows.
    package internal(set) var frozen: TopicTable?
    package internal(set) var link = LinkState.connecting
    /// The gateway has lost the stream of updates: what it shows may be behind.
    package internal(set) var isAway = false
    /// When the gateway last said anything; nil: it has not.
    package internal(set) var heardTime: UnixTime?
    package internal(set) var columns: [MemberPath] = []
    package internal(set) var conflatedCount: UInt64 = 0
    package internal(set) var missedCount: UInt64 = 0
    /// Smoothed milliseconds from the gateway's acceptance to here; nil before the first live update.
    package internal(set) var latency: Double?
    package internal(set) var rate = RateMeter()
    private var generation = 0
    /// The current snapshot is complete: topics that it leaves out no longer exist.
    private var isSnapshotWhole = true
    private var guessedRowCount = 0

    // MARK: What the person sees

    package internal(set) var size: Size
    package internal(set) var sort = SortOrder()
    package internal(set) var filter = ""
    package internal(set) var prompt: Prompt?
    /// The keys that arrive were pasted, not typed.
    var isPasting = false
    package internal(set) var selected: [UInt8]?
    /// The first visible row.
    package internal(set) var top = 0
    /// Member columns scrolled past.
    package internal(set) var columnOffset = 0
    package internal(set) var showsDetail = false
    package internal(set) var detailTop = 0
    package internal(set) var showsHelp = false
    package internal(set) var notice: Notice?
    /// Removed topics, the latest last.
    package internal(set) var dropped: [[UInt8]] = []

    /// The rows of `shown`, filtered and sorted.
    package internal(set) var order: [Int] = []
    private var orderedAs: OrderKey?

    package init(
        _ subscription: WatchSubscription, at url: String, columns: [MemberPath]? = nil, size: Size
    ) {
        self.subscription = subscription
        self.url = url
        chosenColumns = columns
        self.columns = columns ?? []
        self.size = size
    }

    var hasChosenColumns: Bool { chosenColumns != nil }

    package var shown: TopicTable { frozen ?? table }
    package var isPaused: Bool { frozen != nil }

    /// Where the selected row is in `order`.
    package var selectedPlace: Int? {
        guard let selected, let row = shown.row(of: selected) else { return nil }
        return order.firstIndex(of: row)
    }

    /// Whether what a row shows is the latest value as far as anybody can say.
    func isCurrent(_ row: TopicRow) -> Bool {
        guard row.staleSince == nil, !isAway else { return false }
        switch link {
        case .live: return true
        case .snapshot: return isSnapshotWhole && row.generation == generation
        case .connecting, .waiting, .ended: return false
        }
    }

    // MARK: Events of the gateway

    /// A new link is requested. `isWhole`: it starts with a snapshot, not where the previous one ended.
    package mutating func begin(isWhole: Bool) {
        if isWhole { beginSnapshot() }
        link = .connecting
    }

    /// Takes an event of the gateway; returns whether it was an update with news.
    @discardableResult
    package mutating func apply(_ event: SubscriptionEvent, now: Instant, time: UnixTime) -> Bool {
        if case .disconnected = event {} else { heardTime = time }
        switch event {
        case .connected:
            link = .snapshot
            isAway = false
        case .away(let isAway): self.isAway = isAway
        case .update(let update, _): return take(update, now: now, time: time)
        case .live: becomeLive()
        case .reset: beginSnapshot()
        case .gap(let gap): missedCount &+= gap.missed ?? 0
        case .stale(let staleness): table.take(staleness)
        case .cursor, .heartbeat: break
        case .error(let code, let message): say("\(code): \(message)", isWarning: true, now: now)
        case .disconnected(.stopped, _): break
        case .disconnected(let failure, let delay?):
            link = .waiting(reason: failure.description, until: now + delay)
        case .disconnected(let failure, nil): link = .ended(reason: failure.description)
        }
        return false
    }

    private mutating func beginSnapshot() {
        generation += 1
        isSnapshotWhole = true
    }

    private mutating func becomeLive() {
        link = .live
        if isSnapshotWhole { table.removeRows(before: generation) }
        isSnapshotWhole = false
        guessColumns()
    }

    private mutating func take(_ update: Update, now: Instant, time: UnixTime) -> Bool {
        let place = table.row(of: update.topic)
        let before = place.map { table.rows[$0].conflatedCount } ?? 0
        guard table.take(update, generation: generation, now: now) else { return false }
        if let place, place < table.rows.count {
            conflatedCount &+= table.rows[place].conflatedCount &- before
        }
        rate.add(1, now: now)
        if link == .live {
            let age = Double(time.milliseconds) - Double(update.time)
            latency = max((latency ?? age) * 0.98 + age * 0.02, 0)
        }
        return true
    }

    private mutating func guessColumns() {
        guard chosenColumns == nil else { return }
        guessedRowCount = table.rows.count
        let stride = max(table.rows.count / ColumnGuess.sampleCount, 1)
        let sample = Swift.stride(from: 0, to: table.rows.count, by: stride).map { table.rows[$0] }
        columns = ColumnGuess.columns(for: sample)
        columnOffset = min(columnOffset, max(columns.count - 1, 0))
    }

    // MARK: Before a frame

    /// Sorts the rows and keeps the selected one visible. Runs once a frame, however many updates came.
    package mutating func settle(now: Instant) {
        if chosenColumns == nil, link == .live, table.rows.count >= max(guessedRowCount * 2, 1) {
            guessColumns()
        }
        if let notice, notice.until <= now { self.notice = nil }
        let table = shown
        let key = OrderKey(
            shape: table.shape, edition: sort.column == .topic ? 0 : table.edition, sort: sort,
            filter: filter, droppedCount: dropped.count, isPaused: isPaused)
        if key != orderedAs {
            order = sort.order(of: table.rows, showing: filter, without: Set(dropped), columns: columns)
            orderedAs = key
        }
        keepSelection()
    }

    private mutating func keepSelection() {
        let place = selectedPlace ?? min(top, order.count - 1)
        guard place >= 0, place < order.count else {
            selected = nil
            top = 0
            return
        }
        selected = shown.rows[order[place]].topic
        let rowCount = Layout(size: size, showsDetail: showsDetail).tableRows.count
        if place < top { top = place }
        if place >= top + rowCount { top = place - rowCount + 1 }
        top = max(min(top, order.count - rowCount), 0)
    }

    mutating func say(_ text: String, isWarning: Bool = false, now: Instant) {
        notice = Notice(text: text, isWarning: isWarning, until: now + .seconds(4))
    }

    private struct OrderKey: Equatable {
        let shape: Int
        let edition: Int
        let sort: SortOrder
        let filter: String
        let droppedCount: Int
        let isPaused: Bool
    }
}
