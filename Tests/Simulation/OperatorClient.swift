/// Asks for the gateway's figures and for its connections, and compares them with what the kernel sees.
import Gateway
import HTTP
import Primitives

/// Its links are smooth: what the figures say of the process is not the same in two runs, and may change nothing.
final class OperatorClient: Client {
    let name: String
    var socket: ClientSocket?
    var random: SeededGenerator
    let diligence = 100
    private var reader = AnswerReader()
    private var question: String?
    private var askedAt = Instant(nanoseconds: 0)
    private var patience = Patience()

    init(_ number: Int, _ random: SeededGenerator) {
        name = "operator \(number)"
        self.random = random
    }

    func act(in world: World) throws {
        guard let socket else {
            reader = AnswerReader()
            question = nil
            var traits = Link.Traits()
            traits.outboundLimit = 1 << 20
            traits.isSmooth = true
            self.socket = world.connect(name, traits: traits, &random)
            return
        }
        guard question == nil, random.chance(8) else { return }
        let path = random.pick(["/connections?limit=1000", "/stats", "/connections", "/metrics"])
        question = path
        askedAt = world.time.now
        socket.send("GET \(path) HTTP/1.1\r\nHost: simulated\r\n\r\n")
        socket.deliver(.max)
        world.note("\(name) asks \(path)")
    }

    func receive(in world: World) throws {
        guard let socket, let answer = try reader.next(socket, answering: .get) else { return }
        guard let asked = question else {
            if socket.link.isUnlucky { return }
            throw fault("was answered what it did not ask")
        }
        question = nil
        patience.reset()
        if answer.status == 503, world.gateway.isDraining || socket.link.isUnlucky { return }
        guard answer.status == 200 else { throw fault(answer.fault(asked).description) }
        if asked.hasPrefix("/connections") { try check(answer, in: world) }
        if asked == "/stats" { _ = try JSONMembers(answer.body.dropLast(1)) }
    }

    /// What is held for a reader is bounded, whoever it is.
    private func check(_ answer: Answer, in world: World) throws {
        let members = try JSONMembers(answer.body)
        for range in try members.elements("connections") {
            let row = try JSONMembers(Array(members.text[range]))
            guard let address = row.string("address"), let link = world.link(named: address) else {
                throw fault("was told of a connection that nobody made: \(members.text[range].text)")
            }
            let pending = Int(row.number("bytesPending") ?? 0)
            let bound =
                link.traits.outboundLimit + world.configuration.subscribers.flushByteCount
                + world.configuration.subscribers.answerByteCount + 64 * 1024 + 40_000
            if pending > bound { throw fault("\(address) holds \(pending) bytes, more than \(bound)") }
            if let marked = row.number("marked"), let topics = row.number("topics"), marked > topics {
                throw fault("\(address) has more marks than topics")
            }
        }
    }

    func lost(_ socket: ClientSocket, in world: World) throws {
        if isExcused(socket, in: world) || question == nil { return }
        throw fault("was not answered \(question ?? "")")
    }

    func restart(in world: World) {
        question = nil
    }

    func check(in world: World) throws {
        guard let socket, let question, !socket.link.isReset, !socket.link.isGatewayClosed else { return }
        // All loops have to answer, each in a turn of its own.
        if patience.isOver(socket, in: world, beyond: 100) {
            throw fault("has waited too long for \(question)")
        }
    }

    func checkQuiet(in world: World) throws {
        if let question { throw fault("all is quiet, and \(question) is not answered") }
    }
}
