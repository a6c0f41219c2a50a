/// What a publisher may say of an update besides its value.
package import Primitives

package struct UpdateOptions: Sendable, Equatable {
    package static let none = UpdateOptions()

    // Ten bytes: a batch holds them for each of its updates.
    private var storedMoment = UInt64.max
    package var timeToLive = TimeToLive.unsaid

    package init() {}

    /// When it happened, by the publisher's own clock; it travels beside the gateway's `time`.
    package var moment: UnixTime? {
        get { storedMoment == .max ? nil : UnixTime(milliseconds: storedMoment) }
        set { storedMoment = newValue?.milliseconds ?? .max }
    }
}
