// Until the broker's own.
package import Broker
package import Primitives

package protocol UpdateLog: AnyObject, Sendable {
    func publish(
        _ batch: borrowing UpdateBatch, time: UnixTime, at now: Instant, for ticket: PublishTicket?
    ) throws(PublishFailure) -> Publication
}
package enum Publication: Sendable {
    case done(PublishOutcome)
    case pending
}
package struct PublishTicket: Sendable {
    package let number: UInt64
    package let receiver: any PublishReceiver
    package init(number: UInt64, receiver: any PublishReceiver) {
        self.number = number
        self.receiver = receiver
    }
}
package protocol PublishReceiver: AnyObject, Sendable {
    func received(_ result: Result<PublishOutcome, PublishFailure>, for ticket: UInt64)
}
extension Sequencer: UpdateLog {
    package func publish(
        _ batch: borrowing UpdateBatch, time: UnixTime, at now: Instant, for ticket: PublishTicket?
    ) throws(PublishFailure) -> Publication { .done(try publish(batch, time: time, at: now)) }
}
extension TopicPattern {
    func lies(within other: TopicPattern) -> Bool { self == other }
}
extension UpdateBatch {
    func forEachTopic(_ body: (Span<UInt8>) -> Void) {}
}

extension BrokerReplica {
    func append(cursor sequence: UInt64, to output: inout ByteBuffer) {
        output.append(epoch.text)
        output.append(ASCII.minus)
        output.append(decimal: sequence)
    }
}

extension TopicPattern {
    static let everything = try! TopicPattern("**")
}
