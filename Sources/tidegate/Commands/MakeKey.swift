/// `tidegate key`: a new key for a publisher, a service, an operator.
internal import Access
internal import Broker
internal import Primitives

enum MakeKey: Command {
    static let name = "key"
    static let summary = "Make a key for \"access.keys\""
    static let help = """
        Usage: tidegate key NAME [--subscribe PATTERN]… [--publish PATTERN]… [--grant PATTERN]… [--operate]

        Prints two lines: a new key, and the entry for "access.keys" that lets its owner in. The gateway keeps only the
        key's hash, so this is the one time that the key is seen. Without options it may read everything.

          --subscribe P   it may read what P covers; may be repeated, as the next two
          --publish P     it may publish what P covers
          --grant P       it may make tickets for others, for what P covers
          --operate       it may see figures and connections, and operate the gateway

        In a pattern {subject} stands for NAME.

        Examples:
          tidegate key feeder-1 --publish 'fx/**'
          tidegate key prometheus --operate
        """

    static func run(_ arguments: inout Arguments) throws -> Int32 {
        var rights: [(name: String, patterns: [String])] = []
        for name in ["subscribe", "publish", "grant"] {
            rights.append((name, try arguments.values("--\(name)")))
        }
        let operates = try arguments.flag("--operate")
        guard let name = try arguments.positionals(1...1).first, !name.isEmpty, !name.contains(":") else {
            throw UsageFailure("a name without a colon is wanted")
        }
        for pattern in rights.flatMap(\.patterns) {
            do throws(GrantFailure) {
                _ = try GrantedPattern.resolved(Array(pattern.utf8).span, for: Array(name.utf8))
            } catch {
                throw UsageFailure("\(error)")
            }
        }
        if !operates, rights.allSatisfy(\.patterns.isEmpty) { rights[0].patterns = ["**"] }
        let (key, hash) = AccessKey.make()
        var output = ByteBuffer()
        output.append(key)
        output.append("\n{ \"name\": ")
        output.append(jsonString: name)
        output.append(", \"hash\": ")
        output.append(jsonString: hash.setting)
        for (right, patterns) in rights where !patterns.isEmpty {
            output.append(", \"\(right)\": [")
            for (place, pattern) in patterns.enumerated() {
                if place > 0 { output.append(", ") }
                output.append(jsonString: pattern)
            }
            output.append(ASCII.closeBracket)
        }
        if operates { output.append(", \"operate\": true") }
        output.append(" }\n")
        try Console.flush(&output)
        return 0
    }
}
