/// Reads the answers of an HTTP connection, one after another.
import HTTP
import Primitives

struct Answer {
    let head: ResponseHead
    let body: [UInt8]

    var status: Int { head.status }
    var isLast: Bool { !head.isPersistent }

    func fault(_ question: String) -> SimulationFailure {
        SimulationFailure("\(question) was answered \(status): \(body.text)")
    }
}

struct AnswerReader {
    /// Reads a head alone.
    struct HeadReader {
        private var parser = ResponseParser()

        mutating func next(_ socket: ClientSocket) throws -> ResponseHead? {
            guard let (head, byteCount) = try socket.parse({ try parser.parse($0) }) else { return nil }
            socket.consume(byteCount)
            return head
        }
    }

    private var parser = ResponseParser()
    private var head: ResponseHead?
    private var decoder = BodyDecoder(.none, byteCountLimit: nil)
    private var body: [UInt8] = []

    /// Who is told that the request did not come in time may have sent so little of it that the gateway knows no method.
    private mutating func nextHead(
        _ socket: ClientSocket, answering method: Method
    ) throws -> (head: ResponseHead, byteCount: Int)? {
        try socket.parse { bytes in
            guard let found = try parser.parse(bytes, answering: method) else { return nil }
            return found.head.status == 408 ? try parser.parse(bytes) : found
        }
    }

    /// The next whole answer; nil while more bytes are needed.
    mutating func next(_ socket: ClientSocket, answering method: Method) throws -> Answer? {
        let method = socket.link.isTurnedAway ? .get : method
        while head == nil {
            guard let (found, byteCount) = try nextHead(socket, answering: method) else { return nil }
            socket.consume(byteCount)
            if found.isInterim { continue }
            head = found
            decoder = BodyDecoder(found.bodyFraming, byteCountLimit: nil)
        }
        guard let head else { return nil }
        while !decoder.isEnded {
            let step = try socket.parse { bytes in
                let step = try decoder.next(bytes)
                if !step.content.isEmpty { body += bytes.extracting(step.content).array }
                return step
            }
            socket.consume(step.consumed)
            if step.consumed == 0, !step.isEnd { return nil }
        }
        defer {
            self.head = nil
            body = []
        }
        return Answer(head: head, body: body)
    }
}
