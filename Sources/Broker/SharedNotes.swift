/// Notes that processes which share a log leave for one another beside it: each is taken once, by whichever asks first.

package enum NoteRequest: Sendable, Equatable {
    /// Leaves `content` under a name that no other note has, for so many milliseconds.
    case leave(name: String, content: [UInt8], milliseconds: Int)
    /// Takes the note of that name away. Of all that ever ask for it one is given it.
    case take(name: String)

    package var byteCount: Int {
        switch self {
        case .leave(let name, let content, _): name.utf8.count + content.count
        case .take(let name): name.utf8.count
        }
    }
}

package enum NoteOutcome: Sendable, Equatable {
    case left
    case taken([UInt8])
    /// There is none of that name: there was none, somebody has taken it, its time is over, or the log may have lost its end since it
    /// was left.
    case missing
    /// It was not done, or nobody knows whether it was.
    case unavailable
}

/// The claim to one outcome that comes later.
package struct NoteTicket: Sendable {
    /// The receiver's own number: it is only handed back.
    package let number: UInt64
    package let receiver: any NoteReceiver

    package init(number: UInt64, receiver: any NoteReceiver) {
        self.number = number
        self.receiver = receiver
    }
}

package protocol NoteReceiver: AnyObject, Sendable {
    /// Any thread, and never under a lock of the log. `ticket` is the number that was given with the request.
    func received(_ outcome: NoteOutcome, for ticket: UInt64)
}
