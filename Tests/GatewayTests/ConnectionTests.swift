import CLinux
import Primitives
import Testing

@testable import Gateway

@Suite struct ConnectionTests {
    /// Whatever an idle connection holds is held a million times.
    @Test func anIdleOneIsSmall() {
        let connection = FrontEndStage().connection
        #expect(malloc_usable_size(Unmanaged.passUnretained(connection).toOpaque()) <= 120)
    }

    @Test func whatWaitsComesBackInOrder() {
        let connection = FrontEndStage().connection
        for text in ["ab", "cd"] { Array(text.utf8).withUnsafeBufferPointer { connection.keepUnsent($0) } }
        Array("xyz".utf8).withUnsafeBufferPointer { connection.keepUnread($0) }
        #expect(connection.unsentByteCount == 4 && connection.unreadByteCount == 3)
        connection.consumeUnsent { bytes in
            #expect(bytes.span.text == "abcd")
            return 3
        }
        connection.consumeUnsent { bytes in
            #expect(bytes.span.text == "d")
            return 1
        }
        var space = [UInt8](repeating: 0, count: 3)
        space.withUnsafeMutableBufferPointer { connection.takeUnread(into: $0) }
        #expect(space == Array("xyz".utf8))
        #expect(!connection.hasUnsent && !connection.hasUnread)
    }

    @Test func theFirstReasonToEndStands() {
        let connection = FrontEndStage().connection
        connection.endAfterSending(.refused)
        connection.endAfterSending(.finished)
        #expect(connection.endReason == .refused)
    }
}
