/// One command of `tidegate`: its summary, its help, and its work.
protocol Command {
    static var name: String { get }
    /// Half a line for the overview.
    static var summary: String { get }
    /// Usage, options and examples, for `--help`.
    static var help: String { get }

    /// Runs the command and returns its exit status. Throws a `UsageFailure` for wrong arguments (status 2), or
    /// another error for a failure (status 1, printed as one line).
    static func run(_ arguments: inout Arguments) throws -> Int32
}
