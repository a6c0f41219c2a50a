/// Writes requests of all kinds: with a length or in chunks, whole or wrong.
import Broker
import Primitives

struct RequestWriter {
    var random: SeededGenerator
    private(set) var bytes: [UInt8] = []
    private(set) var method = "GET"
    private(set) var target = "/"

    init(random: SeededGenerator) {
        self.random = random
    }

    mutating func write(in world: World) -> RequestClient.Question.Kind {
        switch random.below(100) {
        case 0..<38: return put(in: world)
        case 38..<44: return delete()
        case 44..<58: return post(in: world)
        case 58..<68: return lines(in: world)
        case 68..<80: return show()
        case 80..<86: return list()
        case 86..<90: return log(in: world)
        case 90..<94: return plain()
        default: return wrong()
        }
    }

    // MARK: Publishing

    private mutating func put(in world: World) -> RequestClient.Question.Kind {
        let topic = world.pickTopic(&random)
        let (number, data) = world.truth.announce(topic, padding: padding())
        begin("PUT", "/topics/" + Universe.standard.names[topic].path)
        if random.chance(oneIn: 12) { add("Expect: 100-continue\r\n") }
        body(random.chance(20) ? [0x20] + data + [0x0A] : data, type: "application/json")
        return .put(number: number, topic: topic)
    }

    private mutating func padding() -> Int {
        random.chance(85) ? random.below(40) : random.below(random.chance(60) ? 700 : 5000)
    }

    private mutating func delete() -> RequestClient.Question.Kind {
        let topic = random.below(Universe.standard.names.count)
        begin("DELETE", "/topics/" + Universe.standard.names[topic].path)
        end()
        return .delete(topic: topic)
    }

    private mutating func post(in world: World) -> RequestClient.Question.Kind {
        let (texts, numbers, ends) = updates(in: world)
        begin("POST", "/publish")
        var text = Array("[".utf8)
        for (place, update) in texts.enumerated() { text += (place > 0 ? [ASCII.comma] : []) + update }
        body(texts.count == 1 && random.chance(50) ? texts[0] : text + [0x5D], type: "application/json")
        return .post(numbers: numbers, ends: ends)
    }

    private mutating func lines(in world: World) -> RequestClient.Question.Kind {
        let (texts, numbers, ends) = updates(in: world)
        begin("POST", "/publish")
        var text: [UInt8] = []
        for update in texts { text += update + (random.chance(10) ? [0x0D, 0x0A, 0x0A] : [0x0A]) }
        if random.chance(40) { text.removeLast() }
        body(text, type: "application/x-ndjson")
        return .lines(numbers: numbers, ends: ends)
    }

    mutating func updates(in world: World) -> (texts: [[UInt8]], numbers: [Int], ends: Int) {
        var texts: [[UInt8]] = []
        var numbers: [Int] = []
        var ends = 0
        for _ in 0..<1 + random.below(random.chance(80) ? 4 : 14) {
            let topic = world.pickTopic(&random)
            let head = Array("{\"topic\":".utf8) + Universe.standard.names[topic].json
            if random.chance(8) {
                texts.append(head + Array(",\"deleted\":true}".utf8))
                ends += 1
            } else {
                let (number, data) = world.truth.announce(topic, padding: padding())
                texts.append(head + Array(", \"data\":".utf8) + data + [ASCII.closeBrace])
                numbers.append(number)
            }
        }
        return (texts, numbers, ends)
    }

    // MARK: Asking

    private mutating func show() -> RequestClient.Question.Kind {
        let topic = random.below(Universe.standard.names.count)
        begin(random.chance(85) ? "GET" : "HEAD", "/topics/" + Universe.standard.names[topic].path)
        end()
        return .show(topic: topic)
    }

    private mutating func list() -> RequestClient.Question.Kind {
        let pattern = random.chance(60) ? random.below(Universe.standard.patterns.count) : nil
        let limit = random.chance(50) ? 1000 : 1 + random.below(6)
        var query = "?limit=\(limit)"
        if let pattern { query += "&match=" + Universe.escaped(Universe.standard.patterns[pattern]) }
        begin("GET", "/topics" + query)
        end()
        return .list(pattern: pattern, limit: limit)
    }

    /// A page of a log, or of what may be none.
    private mutating func log(in world: World) -> RequestClient.Question.Kind {
        let topic = random.below(Universe.standard.names.count)
        let published = world.truth.topics[topic].updates.count
        let version = published > 0 ? world.truth.topics[topic].updates[random.below(published)].version : 7
        let place: LogPlace? =
            switch random.below(3) {
            case 0: .from(version)
            case 1: .before(version)
            default: nil
            }
        let limit = 1 + random.below(6)
        var query = "?topic=" + Universe.escaped(Universe.standard.names[topic].text) + "&limit=\(limit)"
        switch place {
        case .from(let version): query += "&from=\(version)"
        case .before(let version): query += "&before=\(version)"
        case nil: break
        }
        begin("GET", "/log" + query)
        end()
        return .log(topic: topic, place: place ?? .from(0), limit: limit)
    }

    private mutating func plain() -> RequestClient.Question.Kind {
        let isHealth = random.chance(50)
        begin("GET", isHealth ? "/healthz" : "/readyz")
        end()
        return .plain(isHealth ? "ok\n" : "ready\n")
    }

    private mutating func wrong() -> RequestClient.Question.Kind {
        switch random.below(5) {
        case 0:
            begin("GET", "/nothing/here")
            end()
            return .wrong(status: 404, code: "not_found")
        case 1:
            begin("PUT", "/topics/a/0")
            body(Array("{\"half\":".utf8), type: "application/json")
            return .wrong(status: 400, code: "invalid_json")
        case 2:
            begin("PUT", "/topics/a//0")
            body(Array("1".utf8), type: "application/json")
            return .wrong(status: 400, code: "invalid_topic")
        case 3:
            begin("POST", "/topics")
            body(Array("1".utf8), type: "application/json")
            return .wrong(status: 405, code: "method_not_allowed")
        default:
            begin("GET", "/poll?topics=a/0&wait=61")
            end()
            return .wrong(status: 400, code: "bad_request")
        }
    }

    // MARK: Bytes

    private mutating func add(_ text: String) { bytes += Array(text.utf8) }

    private mutating func begin(_ method: String, _ target: String) {
        (self.method, self.target) = (method, target)
        add("\(method) \(target) HTTP/1.1\r\nHost: simulated\r\n")
    }

    private mutating func end() { add("\r\n") }

    private mutating func body(_ content: [UInt8], type: String) {
        add("Content-Type: \(type)\r\n")
        if random.chance(65) {
            add("Content-Length: \(content.count)\r\n\r\n")
            bytes += content
            return
        }
        add("Transfer-Encoding: chunked\r\n\r\n")
        var rest = content[...]
        while !rest.isEmpty {
            let chunk = rest.prefix(1 + random.below(random.chance(50) ? 7 : rest.count))
            add(String(chunk.count, radix: 16) + "\r\n")
            bytes += chunk
            add("\r\n")
            rest = rest.dropFirst(chunk.count)
        }
        add("0\r\n\r\n")
    }
}
