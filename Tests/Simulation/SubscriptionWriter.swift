/// Writes a request to subscribe: all that is asked for in the URL, or in a body of JSON that comes whole or in chunks.
import Primitives

struct SubscriptionWriter {
    private(set) var method = "GET"
    private let path: String
    private let mask: UInt64
    /// Each is a parameter of a query and a member of an object.
    private var parameters: [(name: String, value: String, isText: Bool)] = []
    private var fields = "Host: simulated\r\n"

    init(_ path: String, _ mask: UInt64) {
        self.path = path
        self.mask = mask
    }

    mutating func add(_ name: String, _ value: String, isText: Bool = false) {
        parameters.append((name, value, isText))
    }

    mutating func add(field: String) { fields += field + "\r\n" }

    /// The request's bytes. `usual` is its method where everything stands in the URL.
    mutating func write(
        usual: String = "GET", version: String = "1.1", _ random: inout SeededGenerator
    ) -> [UInt8] {
        method = usual
        guard usual == "GET", random.chance(30) else {
            return Array("\(usual) \(path)?\(query) HTTP/\(version)\r\n\(fields)\r\n".utf8)
        }
        method = random.pick(["POST", "QUERY"])
        var head = "\(method) \(path) HTTP/\(version)\r\n\(fields)Content-Type: application/json\r\n"
        let content = self.content
        guard version == "1.1", random.chance(40) else {
            head += "Content-Length: \(content.count)\r\n\r\n"
            return Array(head.utf8) + content
        }
        head += "Transfer-Encoding: chunked\r\n\r\n"
        var bytes = Array(head.utf8)
        var start = 0
        while start < content.count {
            let end = min(start + 1 + random.below(60), content.count)
            bytes += Array("\(String(end - start, radix: 16))\r\n".utf8) + content[start..<end] + [13, 10]
            start = end
        }
        return bytes + Array("0\r\n\r\n".utf8)
    }

    /// What is asked for, for people.
    var query: String {
        let topics = Universe.standard.texts(mask).map(Universe.escaped).joined(separator: ",")
        return (["topics=\(topics)"] + parameters.map { "\($0.name)=\($0.value)" }).joined(separator: "&")
    }

    private var content: [UInt8] {
        var text = Array("{\"topics\":[".utf8)
        for (place, topic) in Universe.standard.texts(mask).enumerated() {
            text += (place > 0 ? [ASCII.comma] : []) + Universe.quoted(topic)
        }
        text.append(ASCII.closeBracket)
        for (name, value, isText) in parameters {
            text += Array(",\"\(name)\":".utf8) + (isText ? Universe.quoted(value) : Array(value.utf8))
        }
        return text + [ASCII.closeBrace]
    }
}
