/// What a gateway has counted since its start, at one moment: all that the feed of its figures needs to know.
package import Primitives

/// Plain values, filled by whoever knows the gateway: a feed does not.
package struct GatewayReading: Sendable {
    /// Open connections.
    package var webSockets = 0
    package var eventStreams = 0
    package var polls = 0
    package var http = 0
    /// Connections that take nothing at present.
    package var stopped = 0
    package var topics = 0
    package var subscriptions = 0
    /// Updates since the start.
    package var published = 0
    package var delivered = 0
    package var conflated = 0
    /// Bytes since the start.
    package var sentBytes = 0
    package var receivedBytes = 0
    /// Seconds on processors since the start.
    package var processorSeconds = 0.0
    package var residentBytes = 0
    /// Microseconds from acceptance to sending, and of the age of what is sent.
    package var wait = Histogram.Reading()
    package var age = Histogram.Reading()

    package init() {}
}
