/// What other threads, and this loop's own requests, have handed it.
internal import Broker
internal import Primitives
internal import Transport

extension GatewayLoop {
    func handleMail() {
        for message in control.mailbox.take() {
            switch message {
            case .drain: beginDrain()
            case .survey(let survey): surveys.append(SurveyUnderWay(survey))
            case .disconnect(let order): disconnections.append(DisconnectionUnderWay(order))
            case .contexts(let contexts): take(contexts)
            case .configuration(let configuration, let change):
                // In this order: what access says depends on where the loop listens.
                if let change { listen(change) }
                take(configuration)
            case .ticketKeys(let keys):
                for listener in work.listeners { listener.context?.ticketKeys = keys }
            case .answer(let answer, let ticket): deliver(answer, to: ticket)
            }
        }
    }

    private func take(_ contexts: [Int: TLSContext]) {
        for (id, context) in contexts {
            if let number = openListener(id) { work.listeners[number].context = context }
        }
    }

    /// Hands an answer to the request that waits for it, if its peer does.
    func deliver(_ answer: Answer, to ticket: UInt64) {
        guard let key = work.tickets.redeem(ticket), let connection = connection(of: key),
            connection.phase == .serving, connection.endReason == nil
        else { return }
        connection.frontEnd.answered(answer, to: ticket, connection, work)
        takeSuccessor(of: connection)
        settle(connection)
    }
}
