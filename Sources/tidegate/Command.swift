/// One of the things that `tidegate` can do.
protocol Command {
    static var name: String { get }
    /// One line for the overview.
    static var summary: String { get }
    /// What `--help` prints: usage, flags, examples.
    static var help: String { get }
    /// Does it and returns the exit status.
    static func run(_ arguments: inout Arguments) throws -> Int32
}

/// A command line that can't be obeyed.
struct UsageFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
