/// What came of reading the settings anew.
internal import Primitives

package enum ReloadReport: Sendable {
    case taken(Outcome)
    /// Nothing has changed, for that reason.
    case refused(String)

    /// Keys as the settings' file names them.
    package struct Outcome: Sendable {
        package let changed: [String]
        /// Those that are different and are not taken before the gateway starts anew.
        package let restart: [String]
        package let unchangedCount: Int

        package init(changed: [String], restart: [String], unchangedCount: Int) {
            self.changed = changed
            self.restart = restart
            self.unchangedCount = unchangedCount
        }
    }
}

extension ReloadReport.Outcome {
    /// `{"changed":[…],"restart":[…],"unchanged":…}`
    var text: ByteBuffer {
        var text = ByteBuffer()
        text.append("{\"changed\":[")
        text.append(jsonStrings: changed)
        text.append("],\"restart\":[")
        text.append(jsonStrings: restart)
        text.append("],\"unchanged\":")
        text.append(decimal: UInt64(unchangedCount))
        text.append("}\n")
        return text
    }
}

extension ByteBuffer {
    fileprivate mutating func append(jsonStrings texts: [String]) {
        for (place, text) in texts.enumerated() {
            if place > 0 { append(ASCII.comma) }
            append(jsonString: text)
        }
    }
}
