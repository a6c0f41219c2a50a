/// One word behind `tidegate`: what it is for, how it is used, and what it does.
protocol Command {
    static var name: String { get }
    /// Half a line for the overview.
    static var summary: String { get }
    /// Usage, options and examples, for `--help`.
    static var help: String { get }

    /// Does it and returns the exit status. Throws a `UsageFailure` for wrong arguments (status 2) and anything
    /// else for a failure (status 1), which is shown as one line.
    static func run(_ arguments: inout Arguments) throws -> Int32
}
