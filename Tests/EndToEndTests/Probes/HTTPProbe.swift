/// A client with just enough HTTP/1.1 to show exactly what the gateway answered.
import Foundation

struct HTTPAnswer {
    var status = 0
    var reason = ""
    var fields: [(name: String, value: String)] = []
    var body: [UInt8] = []

    func field(_ name: String) -> String? {
        fields.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    var text: String { String(decoding: body, as: UTF8.self) }
    var json: JSON { JSON(body) }
    var code: String? { json["code"].string }
    var closes: Bool { field("Connection")?.lowercased().contains("close") ?? false }
}

final class HTTPProbe {
    let socket: RawSocket

    init(
        _ gateway: GatewayProcess = .shared, receiveBuffer: Int32? = nil, family: RawSocket.Family = .ipv4
    ) throws {
        socket = try RawSocket(port: gateway.port, receiveBuffer: receiveBuffer, family: family)
    }

    init(port: UInt16) throws {
        socket = try RawSocket(port: port)
    }

    /// Sends a request; a body gets its Content-Length.
    func send(
        _ method: String, _ target: String, _ fields: [String] = [], body: String? = nil,
        version: String = "HTTP/1.1"
    ) throws {
        try socket.send(Self.request(method, target, fields, body: body, version: version))
    }

    static func request(
        _ method: String, _ target: String, _ fields: [String] = [], body: String? = nil,
        version: String = "HTTP/1.1"
    ) -> String {
        var lines = ["\(method) \(target) \(version)", "Host: localhost"] + fields
        if let body { lines.append("Content-Length: \(body.utf8.count)") }
        return lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? "")
    }

    /// Reads the next answer. `toHead`: it has no body, whatever its fields say.
    func answer(toHead: Bool = false) throws -> HTTPAnswer {
        var answer = try head()
        let hasBody = !toHead && answer.status >= 200 && answer.status != 204 && answer.status != 304
        guard hasBody else { return answer }
        if let length = answer.field("Content-Length").flatMap({ Int($0) }) {
            answer.body = try socket.take(exactly: length)
        } else if answer.field("Transfer-Encoding") == "chunked" {
            while let chunk = try nextChunk() { answer.body += chunk }
        } else {
            answer.body = try socket.takeAll()
        }
        return answer
    }

    func head() throws -> HTTPAnswer {
        let text = String(decoding: try socket.take(through: "\r\n\r\n"), as: UTF8.self)
        var answer = HTTPAnswer()
        let lines = text.components(separatedBy: "\r\n")
        let parts = lines[0].split(separator: " ", maxSplits: 2)
        guard parts.count >= 2, parts[0] == "HTTP/1.1", let status = Int(parts[1]) else {
            throw Fault("no status line: \(lines[0])")
        }
        answer.status = status
        answer.reason = parts.count > 2 ? String(parts[2]) : ""
        for line in lines.dropFirst() where !line.isEmpty {
            guard let colon = line.firstIndex(of: ":") else { throw Fault("no field: \(line)") }
            answer.fields.append(
                (
                    String(line[..<colon]),
                    line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
                ))
        }
        return answer
    }

    /// The next chunk's content; nil after the last.
    func nextChunk() throws -> [UInt8]? {
        let line = String(decoding: try socket.take(through: "\r\n").dropLast(2), as: UTF8.self)
        guard let count = Int(line, radix: 16) else { throw Fault("no chunk size: \(line)") }
        let content = try socket.take(exactly: count)
        _ = try socket.take(through: "\r\n")
        return count == 0 ? nil : content
    }

    /// Sends one request over a connection of its own and reads its answer.
    @discardableResult
    static func ask(
        _ method: String, _ target: String, _ fields: [String] = [], body: String? = nil,
        on gateway: GatewayProcess = .shared
    ) throws -> HTTPAnswer {
        let probe = try HTTPProbe(gateway)
        try probe.send(method, target, fields + ["Connection: close"], body: body)
        return try probe.answer(toHead: method == "HEAD")
    }

    /// Publishes one value and returns its version.
    @discardableResult
    static func put(_ topic: String, _ value: String, on gateway: GatewayProcess = .shared) throws -> Int {
        let answer = try ask("PUT", "/topics/\(topic)", body: value, on: gateway)
        guard answer.status == 200, let version = answer.json["version"].int else {
            throw Fault("PUT \(topic): \(answer.status) \(answer.text)")
        }
        return version
    }
}
