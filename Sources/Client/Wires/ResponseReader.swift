/// Reads one response after another: the head, then the body in pieces. A refusal is read to its end.
internal import HTTP
internal import Primitives

struct ResponseReader {
    private var parser = ResponseParser()
    private var decoder: BodyDecoder?
    private(set) var head: ResponseHead?
    private var problemBody: [UInt8] = []
    private let method: Method
    private let byteCountLimit: Int?

    init(answering method: Method = .get, byteCountLimit: Int?) {
        self.method = method
        self.byteCountLimit = byteCountLimit
    }

    /// Prepares for the next response.
    mutating func reset() {
        head = nil
        decoder = nil
        problemBody = []
    }

    /// The head once it is complete. Interim heads are skipped.
    mutating func readHead(_ input: inout ByteBuffer) throws(ClientFailure) -> ResponseHead? {
        while head == nil {
            let found: (head: ResponseHead, byteCount: Int)?
            do throws(HTTPFailure) {
                found = try parser.parse(input.bytes, answering: method)
            } catch {
                throw .violation(error.detail)
            }
            guard let found else { return nil }
            input.consume(found.byteCount)
            if found.head.isInterim { continue }
            head = found.head
            let limit = found.head.status < 300 ? byteCountLimit : nil
            decoder = BodyDecoder(found.head.bodyFraming, byteCountLimit: limit)
        }
        return head
    }

    /// Passes the body's available content to `take`; returns whether the body has ended.
    mutating func readBody(
        _ input: inout ByteBuffer, _ take: (Span<UInt8>) throws(ClientFailure) -> Void
    ) throws(ClientFailure) -> Bool {
        guard decoder != nil else { return false }
        while true {
            let step: BodyStep?
            do throws(HTTPFailure) {
                step = try decoder?.next(input.bytes)
            } catch {
                throw .violation(error.detail)
            }
            guard let step else { return false }
            if !step.content.isEmpty { try take(input.bytes.extracting(step.content)) }
            input.consume(step.consumed)
            if step.isEnd { return true }
            if step.consumed == 0 { return false }
        }
    }

    /// Reads a refusal, and throws it once it is complete.
    mutating func readProblem(_ input: inout ByteBuffer) throws(ClientFailure) {
        var body = problemBody
        let isEnd = try readBody(&input) { content in
            let room = WireLimits.problemByteCount - body.count
            body.append(contentsOf: content.extracting(0..<min(room, content.count)).array)
        }
        problemBody = body
        if isEnd { throw problem }
    }

    /// The refusal as far as it has come.
    var problem: ClientFailure {
        guard let head else { return .lost(reason: "the gateway closed it without an answer") }
        var problem = Problem(status: head.status, body: problemBody)
        problem.retryAfterSeconds = head.field("Retry-After").flatMap { $0.span.decimal }
        return .refused(problem)
    }

    /// Whether the body properly ends with the connection.
    var endsWithConnection: Bool { head?.bodyFraming == .untilClose }
}
