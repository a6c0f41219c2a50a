/// What a command prints, for people: one write, so nothing waits in a buffer when the process ends.
import Glibc

enum Output {
    static func line(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

    static func error(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

    private static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        // Nobody reads what can't be written here.
        _ = Glibc.write(descriptor, bytes, bytes.count)
    }
}
