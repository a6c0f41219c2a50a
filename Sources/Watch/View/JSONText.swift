/// A value's whole JSON for people: one member a line if they fit, else one behind the other.
internal import Primitives

enum JSONText {
    /// A member, or a piece of one whose value is too long for a line.
    struct Part: Equatable {
        var name = ""
        var value = ""
    }

    struct Line: Equatable {
        var indent = ""
        var parts: [Part] = []
    }

    private struct Member {
        /// The enclosing members, joined with dots.
        var path = ""
        var depth = 0
        /// With its colon; empty for a value that is no member.
        var name = ""
        /// Nil: its members follow.
        var value: String?
    }

    private static let gap = 2

    static func lines(of text: Span<UInt8>, in area: Layout.Area) -> [Line] {
        lines(of: text, width: area.columns.count, height: area.rows.count)
    }

    static func lines(of text: Span<UInt8>, width: Int, height: Int) -> [Line] {
        guard width > 0 else { return [] }
        let members = members(of: text)
        let list = members.flatMap { listed($0, width: width) }
        guard list.count > height else { return list }
        let paragraph = paragraph(of: members, width: width)
        return paragraph.count < list.count ? paragraph : list
    }

    // MARK: A member a line

    private static func listed(_ member: Member, width: Int) -> [Line] {
        let indent = String(repeating: " ", count: member.depth * 2)
        return broken(
            Part(name: member.name, value: member.value ?? ""), indent: indent,
            width: max(width - indent.utf8.count, 1))
    }

    /// A value longer than the line continues below.
    private static func broken(_ part: Part, indent: String = "", width: Int) -> [Line] {
        var lines: [Line] = []
        var current = Part(name: part.name)
        var value = String.UnicodeScalarView()
        var used = columnCount(of: part.name)
        for scalar in part.value.unicodeScalars {
            let next = columnCount(of: scalar)
            if used + next > width, !value.isEmpty {
                current.value = String(value)
                lines.append(Line(indent: indent, parts: [current]))
                current = Part()
                value = .init()
                used = 0
            }
            value.append(scalar)
            used += next
        }
        current.value = String(value)
        return lines + [Line(indent: indent, parts: [current])]
    }

    // MARK: One behind the other

    private static func paragraph(of members: [Member], width: Int) -> [Line] {
        var lines: [Line] = []
        var used = 0
        for member in members {
            guard let value = member.value else { continue }
            let part = Part(name: member.path + member.name, value: value)
            let length = columnCount(of: part.name) + columnCount(of: part.value)
            if length > width {
                lines += broken(part, width: width)
                used = width
            } else if !lines.isEmpty, used + gap + length <= width {
                lines[lines.count - 1].parts.append(part)
                used += gap + length
            } else {
                lines.append(Line(parts: [part]))
                used = length
            }
        }
        return lines
    }

    // MARK: Members

    private static func members(of text: Span<UInt8>) -> [Member] {
        var found: [Member] = []
        var scanner = JSONScanner(text)
        do {
            try collect(from: &scanner, Member(), into: &found)
        } catch {
            return [Member(value: text.text)]
        }
        return found
    }

    /// `member`: the next member, still without its value.
    private static func collect(
        from scanner: inout JSONScanner, _ member: Member, into found: inout [Member]
    ) throws(JSONFailure) {
        let text = scanner.bytes
        var member = member
        guard scanner.peek() == .object else {
            member.value = text.extracting(try scanner.value()).text
            return found.append(member)
        }
        let place = found.count
        try scanner.enterObject()
        let isNamed = !member.name.isEmpty
        while let inner = try scanner.nextMember() {
            let name = text.extracting(inner.range).text
            let path = isNamed ? member.path + member.name.dropLast(2) + "." : ""
            try collect(
                from: &scanner,
                Member(path: path, depth: isNamed ? member.depth + 1 : 0, name: name + ": "), into: &found)
        }
        if found.count == place { member.value = "{}" }
        if isNamed || found.count == place { found.insert(member, at: place) }
    }
}
