/// Every way to cut a message into pieces, so that no parser can depend on where a read ended.

/// The two pieces of `bytes` for each possible cut, both ends included.
package func everyCut(_ bytes: [UInt8]) -> [(first: [UInt8], second: [UInt8])] {
    (0...bytes.count).map { (Array(bytes[..<$0]), Array(bytes[$0...])) }
}

/// `bytes` one at a time.
package func drip(_ bytes: [UInt8]) -> [[UInt8]] {
    bytes.map { [$0] }
}
