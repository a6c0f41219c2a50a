/// What came of reading the settings anew.
package enum ReloadReport: Sendable {
    case taken(Outcome)
    /// Nothing has changed, for that reason.
    case refused(String)

    /// Keys as the settings' file names them.
    package struct Outcome: Sendable {
        package let changed: [String]
        /// Those that are different and are not taken before the gateway starts anew.
        package let restart: [String]
        package let unchangedCount: Int

        package init(changed: [String], restart: [String], unchangedCount: Int) {
            self.changed = changed
            self.restart = restart
            self.unchangedCount = unchangedCount
        }
    }
}
