/// A system call that failed.
internal import Glibc

package struct SystemFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package let call: StaticString
    /// The kernel's reason (`errno`).
    package let number: Int32

    package init(_ call: StaticString, _ number: Int32 = errno) {
        self.call = call
        self.number = number
    }

    package var description: String { "\(call): \(String(cString: strerror(number))) (errno \(number))" }

    /// Whether the peer's kernel has acknowledged nothing for too long.
    package var isTimeout: Bool { number == ETIMEDOUT }

    package static func == (left: SystemFailure, right: SystemFailure) -> Bool { left.number == right.number }
}
