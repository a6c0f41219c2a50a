/// What a snapshot shows of a log, where its reader wants less than all that is kept.

/// The last `count` of the updates that were kept when the snapshot began, and whatever came after that.
///
/// It is told from where the snapshot began, not from where somebody looks: so a snapshot that is taken in many steps, or told in
/// several answers, shows the same.
struct Excerpt {
    let count: UInt64
    /// The sequence number at which the snapshot began.
    let began: UInt64

    init?(last count: Int?, of snapshotBegan: UInt64?) {
        guard let count, let snapshotBegan else { return nil }
        self.count = UInt64(count)
        began = snapshotBegan
    }

    /// Of whoever begins with `cursor` where the order stands at `sequence`. A cursor says by itself what is lacked, `last` says
    /// nothing beside it, even where it is reset: what came meanwhile may be more.
    init?(last count: Int?, after cursor: Cursor?, isResumed: Bool, at sequence: UInt64) {
        guard let cursor else {
            self.init(last: count, of: sequence)
            return
        }
        guard isResumed else { return nil }
        self.init(last: cursor.last, of: cursor.snapshotBegan)
    }
}
