/// Which rows of the screen show what. The model must know it too: what a page is, and which row a click is on.
package struct Layout: Sendable, Equatable {
    /// The header takes two lines where there is room.
    let headerRows: Range<Int>
    /// The columns' names.
    let titleRow: Int
    let tableRows: Range<Int>
    let detailRows: Range<Int>
    let statusRow: Int

    /// Below this a detail pane would leave no table worth the name, so it takes its place.
    private static let splitHeight = 18

    package init(size: Size, showsDetail: Bool) {
        let height = max(size.rows, 1)
        statusRow = height - 1
        let headerCount = height >= 16 ? 2 : height >= 4 ? 1 : 0
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
}
