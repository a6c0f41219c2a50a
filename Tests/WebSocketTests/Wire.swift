import Primitives
import TestSupport

@testable import WebSocket

/// What a reader reported, with bytes in place of ranges, so that it is equal wherever the input was cut.
enum Heard: Equatable {
    case message(Opcode, [UInt8])
    case ping([UInt8])
    case pong([UInt8])
    case close(UInt16?, [UInt8])
    case failure(WebSocketFailure)
}

extension Heard {
    static func text(_ string: String) -> Heard { .message(.text, Array(string.utf8)) }
}

/// The setup of the reading end.
struct Setup: Sendable {
    var role = EndpointRole.server
    var limits = MessageLimits()
    var compression: PerMessageDeflate.Agreement?

    static let compressed = PerMessageDeflate.Agreement(
        serverNoContextTakeover: true, clientNoContextTakeover: true)
    static let compressedWithContext = PerMessageDeflate.Agreement()
}

/// A connection's input as a loop handles it: the bytes that a step leaves come before the next read.
struct Wire: ~Copyable {
    var reader: MessageReader
    private(set) var heard: [Heard] = []
    private(set) var kept: [UInt8] = []
    private(set) var largestAssembly = 0
    private let shared: Inflater?

    init(_ setup: Setup = Setup(), sharing shared: Inflater? = nil) {
        reader = MessageReader(role: setup.role, limits: setup.limits, compression: setup.compression)
        self.shared = shared
    }

    /// Whether the reader reported a failure.
    var hasFailed: Bool {
        if case .failure = heard.last { return true }
        return false
    }

    mutating func receive(_ bytes: [UInt8]) {
        var input = kept + bytes
        var offset = 0
        input.withUnsafeMutableBufferPointer { buffer in
            while true {
                let rest = UnsafeMutableBufferPointer(rebasing: buffer[offset...])
                do throws(WebSocketFailure) {
                    let step = try reader.next(rest, sharing: shared)
                    precondition((0...rest.count).contains(step.consumed), "consumed what was not there")
                    largestAssembly = max(largestAssembly, reader.heldByteCount)
                    if let event = step.event { note(event, in: rest) }
                    offset += step.consumed
                    if step.isWaiting { return }
                } catch {
                    heard.append(.failure(error))
                    offset = buffer.count
                    return
                }
            }
        }
        kept = Array(input[offset...])
    }

    private mutating func note(_ event: ReadEvent, in input: UnsafeMutableBufferPointer<UInt8>) {
        switch event {
        case .message(let opcode, let range): heard.append(.message(opcode, Array(input[range])))
        case .assembledMessage(let opcode):
            let message = reader.message.array
            heard.append(.message(opcode, message))
        case .ping(let range): heard.append(.ping(Array(input[range])))
        case .pong(let range): heard.append(.pong(Array(input[range])))
        case .close(let code, let reason): heard.append(.close(code, Array(input[reason])))
        }
    }

    /// Everything that the reader reports when `pieces` arrive one after the other.
    static func hear(
        _ pieces: [[UInt8]], _ setup: Setup = Setup(), sharing shared: Inflater? = nil
    ) -> [Heard] {
        var wire = Wire(setup, sharing: shared)
        for piece in pieces { wire.receive(piece) }
        return wire.heard
    }
}

/// A frame of a client, masked with a fixed key.
func clientFrame(
    _ opcode: Opcode, _ payload: [UInt8], isFinal: Bool = true, isCompressed: Bool = false,
    key: MaskKey = MaskKey(bits: 0x3D21_FA37)
) -> [UInt8] {
    var buffer = ByteBuffer()
    buffer.append(
        frame: opcode, payload: payload.span, isCompressed: isCompressed, isFinal: isFinal, key: key)
    return buffer.bytes.array
}

/// A frame of a server, not masked.
func serverFrame(
    _ opcode: Opcode, _ payload: [UInt8], isFinal: Bool = true, isCompressed: Bool = false
) -> [UInt8] {
    var buffer = ByteBuffer()
    buffer.append(frame: opcode, payload: payload.span, isCompressed: isCompressed, isFinal: isFinal)
    return buffer.bytes.array
}

func bytes(_ string: String) -> [UInt8] { Array(string.utf8) }

extension SeededGenerator {
    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }

    /// Text with characters of all widths, about `count` bytes.
    mutating func text(_ count: Int) -> [UInt8] {
        var text = ""
        while text.utf8.count < count {
            switch next() % 8 {
            case 0: text.unicodeScalars.append(Unicode.Scalar(UInt32.random(in: 0x80...0x7FF, using: &self))!)
            case 1:
                text.unicodeScalars.append(Unicode.Scalar(UInt32.random(in: 0x800...0xD7FF, using: &self))!)
            case 2:
                text.unicodeScalars.append(
                    Unicode.Scalar(UInt32.random(in: 0x1_0000...0x10_FFFF, using: &self))!)
            default: text += "{\"price\":\(next() % 1000)}"
            }
        }
        return Array(text.utf8)
    }

    /// `bytes` in pieces of random length.
    mutating func cut(_ bytes: [UInt8], upTo limit: Int) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var index = 0
        while index < bytes.count {
            let end = min(bytes.count, index + Int.random(in: 1...limit, using: &self))
            pieces.append(Array(bytes[index..<end]))
            index = end
        }
        return pieces
    }
}
