/// Large publications, a part in each turn.
internal import Broker
internal import Primitives

extension GatewayLoop {
    /// Goes on with what is published in parts, one after the other.
    func publishParts() {
        guard !work.publications.isEmpty else { return }
        beginShare(Share.publishes)
        while let publication = work.publications.popFirst() {
            if publication.proceed(work.partCount, work) {
                work.memory.publicationByteCount -= publication.byteCount
                deliver(.published(.success(publication.outcome)), to: publication.ticket)
            } else {
                work.publications.append(publication)
            }
            if isShareSpent { return }
        }
    }

    /// Publishes bodies of more than so many bytes, where they do not come whole, in parts of so many updates.
    package func publishBodies(beyond byteCount: Int, inPartsOf updateCount: Int) {
        work.largeByteCount = byteCount
        work.partCount = updateCount
    }
}
