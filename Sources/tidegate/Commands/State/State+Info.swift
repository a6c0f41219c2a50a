/// `tidegate state info`.
internal import Broker
internal import Primitives
internal import Storage

extension State {
    static func info(_ arguments: inout Arguments) throws -> Int32 {
        let isJSON = try arguments.flag("--json")
        let folder = try DiskFolder(existing: arguments.positionals(1...1)[0])
        let report = try showing("reading \(folder.path)") { progress in
            try FolderReport(
                of: folder, bootID: .current(), epoch: .random(), time: .now(), at: .now(),
                progress: progress)
        }
        var output = ByteBuffer()
        if isJSON {
            output.append(report, of: folder.path)
        } else {
            output.append(tableOf: report, folder.path)
        }
        try Console.flush(&output)
        return report.failure == nil ? 0 : 1
    }
}

extension FolderReport {
    /// What a start would do, in a word for programs and a clause for people.
    fileprivate var start: (code: String, text: String) {
        if let failure { return ("refused", "is refused: \(failure)") }
        if let holder { return ("in_use", "is refused: it is in use by \(holder)") }
        guard let state else { return ("new", "begins with nothing") }
        let cut = state.cutByteCount > 0 ? ", and cuts \(state.cutByteCount) bytes that were never safe" : ""
        switch state.continuity {
        case .fresh: return ("new", "begins with nothing\(cut)")
        case .whole: return ("goes_on", "goes on in epoch \(state.lineage.current.text)\(cut)")
        case .shortened:
            return (
                "new_epoch",
                "begins a new epoch, because the last updates may be lost; cursors are good up to number \(state.lastSequence)\(cut)"
            )
        }
    }
}

extension ByteBuffer {
    fileprivate mutating func append(tableOf report: FolderReport, _ path: String) {
        row("folder", "\(path), format \(FolderReport.format)")
        if let holder = report.holder { row("held by", "\(holder); make a backup to see what is in it") }
        row("on disk", "\(report.byteCount) bytes")
        for snapshot in report.snapshots { row("snapshot", "\(snapshot.name), \(snapshot.byteCount) bytes") }
        if report.snapshots.isEmpty { row("snapshot", "none") }
        for segment in report.segments {
            let records = segment.firstPosition.map { ", records from \($0) on" }
            let known = report.holder == nil ? records ?? ", not in use" : ""
            row("segment", "\(segment.file.name), \(segment.file.byteCount) bytes\(known)")
        }
        for file in report.unfinished { row("unfinished", "\(file.name), \(file.byteCount) bytes") }
        if let state = report.state {
            row(
                "log",
                "\(state.entryCount) entries behind the snapshot, the last record is \(state.lastPosition)")
            row("topics", "\(state.topicCount)")
            row(
                "updates",
                "up to number \(state.lastSequence); those after \(state.snapshotSequence) are in the log")
            row("epoch", state.lineage.current.text)
            for former in state.lineage.former {
                row("before", "\(former.epoch.text), up to number \(former.survived)")
            }
            for note in state.notes { row("note", note) }
        }
        row("a start", report.start.text)
    }

    private mutating func row(_ name: String, _ text: String) {
        append(printable: Array((name + String(repeating: " ", count: 12 - name.count) + text).utf8).span)
        append(ASCII.lineFeed)
    }

    fileprivate mutating func append(_ report: FolderReport, of path: String) {
        append("{\"folder\":")
        append(jsonString: path)
        append(",\"format\":\(FolderReport.format),\"bytes\":\(report.byteCount)" as String)
        if let holder = report.holder {
            append(",\"heldBy\":")
            append(jsonString: holder)
        }
        append(",\"snapshots\":[")
        for (place, file) in report.snapshots.enumerated() { append(file, at: place) }
        append("],\"segments\":[")
        for (place, segment) in report.segments.enumerated() {
            append(segment.file, at: place, ",\"first\":", segment.firstPosition)
        }
        append("],\"unfinished\":[")
        for (place, file) in report.unfinished.enumerated() { append(file, at: place) }
        append("]")
        if let state = report.state { append(state) }
        append(",\"start\":{\"action\":")
        append(jsonString: report.start.code)
        append(",\"text\":")
        append(jsonString: report.start.text)
        append("}}\n")
    }

    private mutating func append(
        _ file: FolderReport.File, at place: Int, _ name: String = "", _ number: UInt64? = nil
    ) {
        append(place > 0 ? ",{\"name\":" : "{\"name\":")
        append(jsonString: file.name)
        append(",\"bytes\":\(file.byteCount)" as String)
        if let number { append("\(name)\(number)" as String) }
        append("}")
    }

    private mutating func append(_ state: FolderReport.State) {
        append(
            """
            ,"entries":\(state.entryCount),"lastRecord":\(state.lastPosition),"topics":\(state.topicCount),\
            "snapshotSequence":\(state.snapshotSequence),"lastSequence":\(state.lastSequence),\
            "cutBytes":\(state.cutByteCount),"epochs":[
            """ as String)
        append("{\"epoch\":")
        append(jsonString: state.lineage.current.text)
        append("}")
        for former in state.lineage.former {
            append(",{\"epoch\":")
            append(jsonString: former.epoch.text)
            append(",\"survived\":\(former.survived)}" as String)
        }
        append("]")
    }
}
