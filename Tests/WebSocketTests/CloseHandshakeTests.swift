import Testing

@testable import WebSocket

@Suite struct CloseHandshakeTests {
    @Test func theServerEchoesTheCodeAndClosesTheTransport() {
        var close = CloseHandshake(role: .server)
        #expect(close.received(closeCode: 4001) == .sendClose(CloseCode(rawValue: 4001)))
        #expect(!close.maySend)
        #expect(close.closeFrameLeft() == .closeTransport)
        #expect(close.state == .closed)
        #expect(close.transportEnded() == .nothing)
    }

    @Test func anEmptyCloseFrameIsAnsweredWithOne() {
        var close = CloseHandshake(role: .server)
        #expect(close.received(closeCode: nil) == .sendClose(nil))
    }

    @Test func theServerWaitsForTheAnswerToItsOwn() {
        var close = CloseHandshake(role: .server)
        #expect(close.close(with: .goingAway) == .sendClose(.goingAway))
        #expect(close.close(with: .normal) == .nothing)
        #expect(close.closeFrameLeft() == .waitForPeer)
        #expect(close.received(closeCode: 1001) == .closeTransport)
    }

    @Test func theClientLeavesTheTransportToTheServer() {
        var close = CloseHandshake(role: .client)
        #expect(close.close(with: .normal) == .sendClose(.normal))
        #expect(close.received(closeCode: 1000) == .waitForPeer)
        #expect(close.transportEnded() == .nothing)

        var answering = CloseHandshake(role: .client)
        #expect(answering.received(closeCode: 1001) == .sendClose(.goingAway))
        #expect(answering.closeFrameLeft() == .waitForPeer)
    }

    @Test func aFailureIsSaidOnce() {
        var close = CloseHandshake(role: .server)
        #expect(close.failed(.invalidText) == .sendClose(.invalidPayload))
        #expect(close.received(closeCode: 1000) == .nothing)
        #expect(close.closeFrameLeft() == .closeTransport)

        var closing = CloseHandshake(role: .server)
        _ = closing.close(with: .goingAway)
        #expect(closing.failed(.reservedBit) == .closeTransport)
    }

    @Test func aDeadlineEndsAnyState() {
        var close = CloseHandshake(role: .server)
        _ = close.close(with: .goingAway)
        #expect(close.transportEnded() == .closeTransport)
        #expect(close.closeFrameLeft() == .nothing)
    }

    @Test func everyFailureHasACodeThatMayTravelAndAReasonThatFits() {
        for failure in [.reservedBit, .invalidText, .oversizedMessage(limit: .max)] as [WebSocketFailure] {
            #expect(failure.closeCode.mayTravel)
            #expect(failure.reason.utf8.count <= 123)
        }
    }
}
