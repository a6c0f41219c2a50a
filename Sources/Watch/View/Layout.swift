/// Which rows of the screen show what. The model needs it too: for the size of a page, and for the row of a click.
package struct Layout: Sendable, Equatable {
    /// A rectangle of cells.
    struct Area: Equatable {
        let rows: Range<Int>
        let columns: Range<Int>
    }

    /// Two lines if there is room.
    let headerRows: Range<Int>
    /// The column titles.
    let titleRow: Int
    let tableRows: Range<Int>
    let detailRows: Range<Int>
    let statusRow: Int
    private let width: Int

    /// Below this height the second header line would cost a more useful row.
    private static let tallHeader = 12
    /// Below this height the detail pane replaces the table, because both would be too small.
    private static let splitHeight = 18
    /// Below this width the chart is above the JSON, not beside it.
    private static let splitWidth = 70

    package init(size: Size, showsDetail: Bool) {
        let height = max(size.rows, 1)
        width = max(size.columns, 1)
        statusRow = height - 1
        let headerCount = height >= Self.tallHeader ? 2 : height >= 4 ? 1 : 0
        headerRows = 0..<headerCount
        titleRow = headerCount
        let first = min(headerCount + 1, statusRow)
        guard showsDetail else {
            tableRows = first..<statusRow
            detailRows = statusRow..<statusRow
            return
        }
        if height < Self.splitHeight {
            tableRows = first..<first
            detailRows = min(headerCount, statusRow)..<statusRow
        } else {
            let detailCount = min(max(height * 2 / 5, 9), 20)
            tableRows = first..<(statusRow - detailCount)
            detailRows = (statusRow - detailCount)..<statusRow
        }
    }

    // MARK: The detail's parts, below its title

    private var isSplit: Bool { width >= Self.splitWidth }
    private var body: Range<Int> { detailRows.dropFirst() }
    private var chartEnd: Int { min(body.lowerBound + max(body.count / 2, 3), body.upperBound) }

    var chart: Area {
        isSplit
            ? Area(rows: body, columns: 2..<width / 2 - 2)
            : Area(rows: body.lowerBound..<chartEnd, columns: 1..<max(width - 1, 1))
    }

    var json: Area {
        isSplit
            ? Area(rows: body, columns: width / 2..<width - 1)
            : Area(rows: chartEnd..<body.upperBound, columns: 1..<max(width - 1, 1))
    }
}
