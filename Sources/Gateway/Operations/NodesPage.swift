/// `GET /nodes`: the nodes of the cluster, as this one has heard of them.
internal import Broker
internal import HTTP
internal import Primitives

enum NodesPage {
    static func show(
        _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) throws(Problem) {
        try OperationsPage.demandMetrics(connection, work)
        guard work.shared.updates.isShared else {
            throw Problem(
                404, "not_found",
                "This gateway is alone: it belongs to no cluster; see \"cluster\" in the settings.")
        }
        guard let fleet = work.shared.updates.fleet else { throw work.restoring }
        var page = ByteBuffer(capacity: 256 * (fleet.words.count + 1))
        page.append(fleet, at: work.now)
        page.append(ASCII.lineFeed)
        response.answerJSON(page, connection, work)
    }
}

extension ByteBuffer {
    /// `{"node":"a","epoch":"…","position":N,"nodes":[{…},{…}]}`
    fileprivate mutating func append(_ fleet: Fleet, at now: Instant) {
        append("{\"node\":")
        append(jsonString: fleet.own.name)
        append(",\"epoch\":")
        append(jsonString: fleet.own.epoch)
        append(",\"position\":\(fleet.own.position),\"nodes\":[")
        for (place, word) in fleet.words.enumerated() {
            if place > 0 { append(ASCII.comma) }
            append(word, at: now)
        }
        append("]}")
    }

    private mutating func append(_ word: Fleet.Word, at now: Instant) {
        let node = word.node
        for (name, text) in [
            ("{\"name\":", node.name), (",\"address\":", node.address), (",\"version\":", node.version),
            (",\"epoch\":", node.epoch),
        ] {
            append(name)
            append(jsonString: text)
        }
        append(",\"position\":\(node.position),\"lag\":\(node.lag),\"connections\":\(node.connections)")
        append(",\"time\":\(word.time.milliseconds),\"age\":")
        append(jsonNumber: (now.since(word.instant).inSeconds * 1000).rounded() / 1000)
        if node.isDraining { append(",\"draining\":true") }
        append(word.isAway(at: now) ? ",\"away\":true}" : "}")
    }
}
