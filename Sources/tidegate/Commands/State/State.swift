/// `tidegate state`: looks at what a gateway keeps, copies it, takes it elsewhere, and repairs it.
internal import Broker
internal import Primitives
internal import Storage
internal import Transport

enum State: Command {
    static let name = "state"
    static let summary = "Look at what a gateway keeps; copy, export, import and repair it"
    static let help = """
        Usage: tidegate state info FOLDER [--json]
               tidegate state verify FOLDER
               tidegate state export FOLDER
               tidegate state import FOLDER [--config FILE] < NDJSON
               tidegate state backup FOLDER TARGET
               tidegate state repair FOLDER

        FOLDER is what "storage.folder" names. Only "backup" works while a gateway is using it, and "info" says
        then who that is and what the files are.

          info     says what is there: files, epochs, topics, numbers; and what a start would do with it
          verify   reads everything, and says whether it is whole
          export   prints all values as NDJSON, which "import" and "publish --ndjson" take: of topics that keep a log
                   all kept updates, oldest first, otherwise the last one. "ttl" is what is left of it. Topics
                   that have ended are left out. Of a gateway that runs: make a backup, and export that
          import   appends lines of NDJSON to FOLDER, as if they were published before the next start. All lines
                   are checked first: with a bad one among them nothing is taken. What comes by a pipe waits
                   meanwhile in a file without a name in FOLDER. A new folder begins with the rules of "topics" in
                   FILE (default: config.json), which say what logs keep; one that is there keeps its own
          backup   copies FOLDER as it is at one moment to TARGET, which must not be there yet, and reads the copy
                   again. All that was answered before it began is in it. A gateway that starts from the copy
                   begins a new epoch; cursors are good up to the moment of the copy. It has to run on the
                   gateway's own machine, and TARGET needs as much room as FOLDER
          repair   cuts the log where it is damaged, so that a gateway can start with what is before that. What is behind
                   it is lost; readers who had seen it are told so by a reset. Make a copy of the folder first

        What takes long says on standard error how far it is.

        Examples:
          tidegate state info data
          tidegate state info data --json | jq .start
          tidegate state backup data backups/$(date +%F)
          tidegate state export backups/2026-01-31 | gzip > values.ndjson.gz
          zcat values.ndjson.gz | tidegate state import new --config config.json
          tidegate state export data | jq -c 'select(.topic | startswith("fx/"))' | tidegate publish --url …
          cp -a data data.before && tidegate state repair data
        """

    static func run(_ arguments: inout Arguments) throws -> Int32 {
        switch try arguments.action(of: ["info", "verify", "export", "import", "backup", "repair"]) {
        case "info": return try info(&arguments)
        case "export": return try export(&arguments)
        case "import": return try takeIn(&arguments)
        case "backup": return try backup(&arguments)
        case "verify": return try verify(&arguments)
        default: return try repair(&arguments)
        }
    }

    /// Does what may take long, and says meanwhile how far it is.
    static func showing<Outcome>(
        _ doing: String, _ work: (RestoreProgress) throws -> Outcome
    ) throws -> Outcome {
        let progress = RestoreProgress()
        let line = try ProgressLine { "\(doing): \(Int(progress.fraction * 100)) %" }
        defer { line.end() }
        return try work(progress)
    }

    // MARK: Whole or not

    private static func verify(_ arguments: inout Arguments) throws -> Int32 {
        let folder = try DiskFolder(existing: arguments.positionals(1...1)[0])
        let lock = try folder.lock(as: "tidegate state verify")
        defer { withExtendedLifetime(lock) {} }
        return try showing("reading \(folder.path)") { progress in
            let recovery = try Recovery(folder, bootID: .current(), progress: progress)
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
    }

    private static func repair(_ arguments: inout Arguments) throws -> Int32 {
        let folder = try DiskFolder(existing: arguments.positionals(1...1)[0])
        let lock = try folder.lock(as: "tidegate state repair")
        defer { withExtendedLifetime(lock) {} }
        let repair = try showing("reading \(folder.path)") { try Repair(folder, progress: $0) }
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
