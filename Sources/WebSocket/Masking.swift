/// The four bytes that a client XORs over a payload (RFC 6455 §5.3), rotated so that the next payload byte meets the
/// key's lowest byte.
package struct MaskKey: Hashable, Sendable {
    /// The bytes in wire order, the first one lowest.
    package let bits: UInt32

    /// A key of four random bytes, which the author of the payload must not be able to predict (RFC 6455 §10.3).
    @inlinable package init(bits: UInt32) {
        self.bits = bits
    }

    /// The key for the rest of the payload after `byteCount` bytes.
    @inlinable package func advanced(by byteCount: Int) -> MaskKey {
        let shift = UInt32(truncatingIfNeeded: byteCount & 3) &* 8
        return MaskKey(bits: bits &>> shift | bits &<< ((32 &- shift) & 31))
    }
}

/// Masks and unmasks in place, at the speed of memory.
package enum Masking {
    /// XORs `key` over `bytes`, its lowest byte over the first of them. A second call undoes the first.
    ///
    /// 32 bytes a step, at any alignment: `CodecBenchmarks` compares it with a loop over single bytes.
    package static func apply(_ key: MaskKey, to bytes: UnsafeMutableBufferPointer<UInt8>) {
        guard key.bits != 0, let base = bytes.baseAddress else { return }
        let raw = UnsafeMutableRawPointer(base)
        let count = bytes.count
        let wide = UInt64(key.bits.littleEndian) &* 0x1_0000_0001
        var offset = 0
        if count >= 32 {
            let widest = SIMD4<UInt64>(repeating: wide)
            while offset &+ 32 <= count {
                let value = unsafe raw.loadUnaligned(fromByteOffset: offset, as: SIMD4<UInt64>.self)
                unsafe raw.storeBytes(of: value ^ widest, toByteOffset: offset, as: SIMD4<UInt64>.self)
                offset &+= 32
            }
        }
        while offset &+ 8 <= count {
            let value = unsafe raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            unsafe raw.storeBytes(of: value ^ wide, toByteOffset: offset, as: UInt64.self)
            offset &+= 8
        }
        var rest = key.bits  // All steps so far were multiples of four: the phase is the first byte's.
        while offset < count {
            unsafe base[offset] ^= UInt8(truncatingIfNeeded: rest)
            rest = rest &>> 8 | rest &<< 24
            offset &+= 1
        }
    }
}
