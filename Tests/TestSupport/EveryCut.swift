/// Every way to hand a message over in pieces, so that no parser can depend on where a read happened to end.

/// The two pieces of `bytes` at each place where it can be cut, both ends included.
package func everyCut(_ bytes: [UInt8]) -> [(first: [UInt8], second: [UInt8])] {
    (0...bytes.count).map { (Array(bytes[..<$0]), Array(bytes[$0...])) }
}

/// `bytes` one at a time.
package func drip(_ bytes: [UInt8]) -> [[UInt8]] {
    bytes.map { [$0] }
}
