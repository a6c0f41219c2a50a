/// `tidegate version`. The type's name leaves `Version` to the updates.
internal import Primitives

enum VersionCommand: Command {
    static let name = "version"
    static let summary = "Print the version"
    static let help = """
        Usage: tidegate version

        Prints the version of this program: tidegate \(ProductVersion.text)
        """

    static func run(_ arguments: inout Arguments) throws -> Int32 {
        _ = try arguments.positionals(0...0)
        var output = ByteBuffer()
        output.append("tidegate \(ProductVersion.text)\n" as String)
        try Console.flush(&output)
        return 0
    }
}
