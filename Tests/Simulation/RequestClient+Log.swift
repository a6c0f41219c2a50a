/// What an answer of `GET /log` must be.
import Broker
import Gateway
import HTTP
import Primitives

extension RequestClient {
    func check(
        _ answer: Answer, reads number: Int, _ place: LogPlace, _ limit: Int, _ question: Question,
        _ truth: Truth
    ) throws {
        let topic = truth.topics[number]
        func wrong() -> SimulationFailure {
            answer.fault("\(place) of the log \(Universe.standard.names[number].text)")
        }
        guard answer.status == 200 else {
            if answer.status == 404, topic.keeps == 0 || !topic.isAlive(since: question.asked) { return }
            throw wrong()
        }
        let members = try JSONMembers(answer.body)
        var indices: [Int] = []
        for range in try members.elements("updates") {
            guard let found = truth.find(Array(answer.body[range]).span), found.topic == number,
                !topic.updates[found.index].isTombstone, found.index == (indices.last ?? found.index - 1) + 1
            else { throw wrong() }
            indices.append(found.index)
        }
        let versions = indices.map { topic.updates[$0].version }
        guard topic.keeps > 0, indices.count <= min(limit, topic.keeps), let first = members.number("first"),
            topic.updates.contains(where: { $0.version == first }), versions.allSatisfy({ $0 >= first })
        else { throw wrong() }
        if let next = members.number("next") {
            // What follows on the page is there.
            let isThere = topic.updates.contains { $0.version == next && !$0.isTombstone }
            guard isThere, versions.last.map({ $0 + 1 == next }) ?? (next == first) else { throw wrong() }
        }
        switch place {
        case .from(let version):
            guard versions.first.map({ $0 == max(version, first) }) ?? true else { throw wrong() }
            // A page that is not full ends with the latest.
            let isShort = indices.count < limit && members["next"] == nil
            let last = topic.count(upTo: question.asked) - 1
            if isShort, last >= 0, topic.updates[last].version >= version, indices.last ?? -1 < last {
                throw wrong()
            }
        case .before(let version):
            guard versions.allSatisfy({ $0 < version }) else { throw wrong() }
            if indices.isEmpty, first < version { throw wrong() }
        }
    }
}
