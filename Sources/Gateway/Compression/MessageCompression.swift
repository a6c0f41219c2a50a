/// How the messages to one WebSocket client are compressed, as its handshake agreed.
internal import WebSocket

enum MessageCompression {
    case none
    /// By the loop's compressor for this window: the same bytes serve every client that agreed to it.
    case shared(windowBits: Int)
    /// By a compressor of its own, which remembers what the client has been sent.
    case own(Deflater)

    var heldByteCount: Int {
        guard case .own(let deflater) = self else { return 0 }
        return deflater.byteCount
    }

    init(_ agreement: PerMessageDeflate.Agreement?, _ settings: CompressionSettings) {
        guard let agreement else {
            self = .none
            return
        }
        if agreement.serverNoContextTakeover {
            self = .shared(windowBits: agreement.serverMaxWindowBits)
        } else {
            self = .own(
                Deflater(
                    windowBits: agreement.serverMaxWindowBits, keepsContext: true, level: settings.level))
        }
    }
}

extension CompressionSettings {
    /// The gateway's wishes; nil where it declines every offer.
    var preferences: PerMessageDeflate.Preferences? {
        guard mode != .off else { return nil }
        return PerMessageDeflate.Preferences(
            serverNoContextTakeover: !contextTakeover, clientNoContextTakeover: !contextTakeover,
            serverMaxWindowBits: windowBits)
    }
}
