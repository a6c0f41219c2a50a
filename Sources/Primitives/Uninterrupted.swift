/// System calls that a signal interrupted.
internal import Glibc

/// Repeats a call that a signal interrupted. No code above this line sees EINTR.
public func uninterrupted(_ call: () -> Int) -> Int {
    while true {
        let result = call()
        if result >= 0 || errno != EINTR { return result }
    }
}
