/// Threads that ask the backend who somebody is: a loop waits for nobody.
internal import Access
internal import Client
internal import Gateway
internal import Primitives
internal import Synchronization
internal import Transport

/// Any thread.
final class BackendInquiries: Sendable {
    /// So many requests are under way at once. Others wait, within their time.
    private static let threadCount = 8

    private let desk: BackendDesk
    private let isBegun = Atomic<Bool>(false)

    init(at desk: BackendDesk) {
        self.desk = desk
    }

    /// Starts the threads where there is somebody to ask. They stay: what is asked, and of whom, each question says.
    func begin(asking backend: BackendSettings?) throws(SystemFailure) {
        guard backend != nil, !isBegun.exchange(true, ordering: .relaxed) else { return }
        for number in 0..<Self.threadCount {
            let desk = desk
            // Nobody waits for its end: it may be asking a name server when the gateway's comes.
            _ = try LoopThread(name: "backend \(number)") {
                var inquirer = Inquirer()
                desk.serve { inquirer.answer(to: $0) }
            }
        }
    }
}

/// One thread's connection to the backend.
private struct Inquirer {
    private var connection: ServiceConnection?
    private var settings: BackendSettings?

    mutating func answer(to question: BackendQuestion) -> BackendAnswer {
        do throws(ClientFailure) {
            let answer = try connection(to: question.backend).get(
                showing: question.fields, until: question.deadline)
            return BackendAnswer(
                status: answer.status, answer.content, restingOn: question.basis, at: .now(), .now())
        } catch {
            return .failure("\(error)")
        }
    }

    private mutating func connection(to backend: BackendSettings) -> ServiceConnection {
        if let connection, settings == backend { return connection }
        let made = ServiceConnection(
            to: backend.url, trusting: ServerTrust(authorities: backend.authorities),
            byteCountLimit: BackendAnswer.byteCountLimit)
        connection = made
        settings = backend
        return made
    }
}
