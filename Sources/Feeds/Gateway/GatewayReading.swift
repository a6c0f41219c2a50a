/// The gateway's counters at one moment: all that the feed of its figures needs.
package import Primitives

/// Plain values. The caller fills them in, because the feed does not know the gateway.
package struct GatewayReading: Sendable {
    /// Open connections.
    package var webSockets = 0
    package var eventStreams = 0
    package var polls = 0
    package var http = 0
    /// Connections that currently take nothing.
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
    /// Processor seconds since the start.
    package var processorSeconds = 0.0
    package var residentBytes = 0
    /// Microseconds from acceptance to sending, and the age of sent updates.
    package var wait = Histogram.Reading()
    package var age = Histogram.Reading()

    /// Of the cluster; nil where there is none.
    package var cluster: (nodes: Int, away: Int, lag: Int)?

    package init() {}
}
