/// `tidegate state`: looks at what a gateway keeps, and repairs it. No gateway may work in the folder meanwhile.
internal import Primitives
internal import Storage

enum State: Command {
    static let name = "state"
    static let summary = "Look at what a gateway keeps, and repair it"
    static let help = """
        Usage: tidegate state verify FOLDER
               tidegate state repair FOLDER

        FOLDER is what "storage.folder" names. No gateway may be using it.

          verify   reads everything, and says what is there and whether it is whole
          repair   cuts the log where it is damaged, so that a gateway can start with what is before that. What is behind
                   it is lost; readers who had seen it are told so by a reset. Make a copy of the folder first

        Examples:
          tidegate state verify data
          cp -a data data.before && tidegate state repair data
        """

    static func run(_ arguments: inout Arguments) throws -> Int32 {
        let words = try arguments.positionals(2...2)
        let folder = try DiskFolder(existing: words[1])
        let lock = try folder.lock(as: "tidegate state \(words[0])")
        defer { withExtendedLifetime(lock) {} }
        switch words[0] {
        case "verify": return try verify(folder)
        case "repair": return try repair(folder)
        default: throw UsageFailure("unknown action \"\(words[0])\": verify or repair is wanted")
        }
    }

    private static func verify(_ folder: DiskFolder) throws -> Int32 {
        let recovery = try Recovery(folder, bootID: .current())
        var recordCount = 0
        try recovery.forEachRecord { _, _ in recordCount += 1 }
        for note in recovery.notes { Console.note(note) }
        try Console.show(
            """
            snapshot   \(recovery.snapshotPosition > 0 ? "of record \(recovery.snapshotPosition)" : "none")
            log        \(recordCount) records behind it, the last one is record \(recovery.lastPosition)
            torn tail  \(recovery.cutByteCount) bytes
            whole

            """)
        return 0
    }

    private static func repair(_ folder: DiskFolder) throws -> Int32 {
        let repair = try Repair(folder)
        guard let damage = repair.damage else {
            try Console.show("nothing is damaged, and nothing was changed\n")
            return 0
        }
        try Console.show(
            """
            \(damage)
            the log was cut behind record \(repair.lastPosition); \(repair.cutByteCount) bytes of records behind it are given up
            the next start begins a new epoch

            """)
        return 0
    }
}
