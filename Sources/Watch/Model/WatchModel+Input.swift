/// The effects of keys and the mouse.
internal import Client
package import Primitives

extension WatchModel {
    package mutating func handle(_ event: InputEvent, now: Instant) -> Effect? {
        switch event {
        case .wheel(let lines, let row): turnWheel(by: lines, over: row)
        case .press(_, let row): select(screenRow: row)
        case .pasteBegan: beginPaste(now: now)
        case .pasteEnded: isPasting = false
        case .key(.control("c")): return .quit
        case .key(let key) where isPasting: paste(key)
        case .key(.control("z")): return .suspend
        case .key(.control("l")): return .redraw
        case .key(let key):
            if prompt != nil { return type(key, now: now) }
            if showsHelp {
                showsHelp = false
                return nil  // Even q: a person who reads a page means to leave the page.
            }
            return press(key, now: now)
        }
        return nil
    }

    package mutating func resize(to size: Size) {
        self.size = size
    }

    // MARK: Keys

    private mutating func press(_ key: Key, now: Instant) -> Effect? {
        switch key {
        case .up, .text("k"): move(by: -1)
        case .down, .text("j"): move(by: 1)
        case .pageUp, .control("b"): move(by: -pageLength)
        case .pageDown, .control("f"), .text(" "): move(by: pageLength)
        case .home, .text("g"): move(by: -order.count)
        case .end, .text("G"): move(by: order.count)
        case .left, .text("h"): shift(by: -1)
        case .right, .text("l"): shift(by: 1)
        case .enter: toggleDetail()
        case .escape: stepBack()
        case .text(let letter): return command(letter, now: now)
        case .tab, .backspace, .delete, .control: break
        }
        return nil
    }

    private mutating func command(_ letter: Unicode.Scalar, now: Instant) -> Effect? {
        switch letter {
        case "q": return .quit
        case "?": showsHelp = true
        case "/": prompt = .filter(before: filter)
        case "a": prompt = .pattern("")
        case "s":
            sort.step(memberCount: columns.count)
            showSorted()
        case "S": sort.isDescending.toggle()
        case "p": frozen = isPaused ? nil : table
        case "+", "=": return changePace(faster: true, now: now)
        case "-", "_": return changePace(faster: false, now: now)
        case "t": return changeTransport(now: now)
        case "r":
            say("connecting again", now: now)
            return .subscribe(isWhole: false)
        case "d": return drop(now: now)
        case "u": restore(now: now)
        default: break
        }
        return nil
    }

    private var pageLength: Int {
        max(Layout(size: size, showsDetail: showsDetail).tableRows.count - 1, 1)
    }

    private mutating func move(by lines: Int) {
        guard !order.isEmpty else { return }
        let place = min(max((selectedPlace ?? 0) + lines, 0), order.count - 1)
        selected = shown.rows[order[place]].topic
        detailTop = 0
    }

    private mutating func select(screenRow: Int) {
        let rows = Layout(size: size, showsDetail: showsDetail).tableRows
        let place = top + screenRow - rows.lowerBound
        guard !showsHelp, rows.contains(screenRow), place < order.count else { return }
        selected = shown.rows[order[place]].topic
        detailTop = 0
    }

    /// Over the detail it scrolls the JSON.
    private mutating func turnWheel(by lines: Int, over row: Int) {
        if showsHelp { return }
        if Layout(size: size, showsDetail: showsDetail).detailRows.contains(row) {
            scrollDetail(by: lines)
        } else {
            move(by: lines)
        }
    }

    private mutating func scrollDetail(by lines: Int) {
        guard let selected, let place = shown.row(of: selected) else { return }
        let area = Layout(size: size, showsDetail: true).json
        let count = JSONText.lines(of: shown.rows[place].value, in: area).count
        let last = max(count - area.rows.count, 0)
        detailTop = min(max(min(detailTop, last) + lines, 0), last)
    }

    /// Scrolls sideways: through the columns, or through the detail's JSON.
    private mutating func shift(by steps: Int) {
        if showsDetail {
            scrollDetail(by: steps)
        } else {
            columnOffset = min(max(columnOffset + steps, 0), max(columns.count - 1, 0))
        }
    }

    private mutating func showSorted() {
        if case .member(let place) = sort.column { columnOffset = min(columnOffset, place) }
        top = 0
        selected = nil
    }

    private mutating func toggleDetail() {
        showsDetail.toggle()
        detailTop = 0
    }

    /// Esc leaves whatever was entered last.
    private mutating func stepBack() {
        if showsDetail {
            showsDetail = false
        } else if !filter.isEmpty {
            filter = ""
        }
    }

    private mutating func drop(now: Instant) -> Effect? {
        guard let selected, let place = selectedPlace else { return nil }
        let name = String(decoding: selected, as: UTF8.self)
        let next = place + 1 < order.count ? order[place + 1] : place > 0 ? order[place - 1] : nil
        self.selected = next.map { shown.rows[$0].topic }
        dropped.append(selected)
        say("dropped \(name); u brings it back", now: now)
        return nil
    }

    private mutating func restore(now: Instant) {
        guard let topic = dropped.popLast() else { return say("nothing was dropped", now: now) }
        selected = topic
        say("\(String(decoding: topic, as: UTF8.self)) is back", now: now)
    }

    // MARK: The subscription

    private mutating func changePace(faster: Bool, now: Instant) -> Effect? {
        let before = subscription.pace
        subscription.stepPace(faster: faster)
        guard subscription.pace != before else { return nil }
        if subscription.transport == .poll {
            say("polls come as fast as they are answered; the pace is for ws and sse", now: now)
        }
        return .subscribe(isWhole: false)
    }

    private mutating func changeTransport(now: Instant) -> Effect? {
        let all = SubscriptionTransport.allCases
        let place = all.firstIndex(of: subscription.transport) ?? 0
        subscription.transport = all[(place + 1) % all.count]
        say("over \(subscription.transport.rawValue) now", now: now)
        return .subscribe(isWhole: false)
    }

    private mutating func add(_ pattern: String, now: Instant) -> Effect? {
        if let fault = patternFault(pattern) {
            // What was typed can be put right.
            prompt = .pattern(pattern)
            say(fault, isWarning: true, now: now)
            return nil
        }
        let wanted = Array(pattern.utf8)
        if let place = dropped.firstIndex(of: wanted) {
            dropped.remove(at: place)
            selected = wanted
            return nil
        }
        guard !subscription.topics.contains(pattern) else {
            say("\(pattern) is watched already", now: now)
            return nil
        }
        subscription.topics.append(pattern)
        say("watching \(pattern) too", now: now)
        return .subscribe(isWhole: true)
    }

    // MARK: Lines

    private mutating func type(_ key: Key, now: Instant) -> Effect? {
        switch (key, prompt) {
        case (.enter, .pattern(let pattern)):
            prompt = nil
            return pattern.isEmpty ? nil : add(pattern, now: now)
        case (.enter, _): prompt = nil
        case (.escape, let open):
            if case .filter(let before) = open { filter = before }
            prompt = nil
        case (.text(let letter), _): edit { $0.unicodeScalars.append(letter) }
        case (.backspace, _):
            if case .filter = prompt, filter.isEmpty { prompt = nil } else { edit { _ = $0.popLast() } }
        case (.control("u"), _): edit { $0 = "" }
        case (.control("w"), _): edit { $0 = Self.withoutLastWord($0) }
        case (.up, _): move(by: -1)
        case (.down, _): move(by: 1)
        default: break
        }
        return nil
    }

    /// Pasted text goes into a line only: as keys it could do anything.
    private mutating func beginPaste(now: Instant) {
        isPasting = true
        if prompt == nil { say("type / or a first, then paste", now: now) }
    }

    /// A pasted line end is only text here, so it is left out.
    private mutating func paste(_ key: Key) {
        if case .text(let letter) = key { edit { $0.unicodeScalars.append(letter) } }
    }

    private mutating func edit(_ change: (inout String) -> Void) {
        switch prompt {
        case .filter: change(&filter)
        case .pattern(var text):
            change(&text)
            prompt = .pattern(text)
        case nil: break
        }
    }

    private static func withoutLastWord(_ text: String) -> String {
        let trimmed = text.hasSuffix("/") ? text.dropLast() : text[...]
        guard let slash = trimmed.lastIndex(of: "/") else { return "" }
        return String(trimmed[...slash])
    }
}

/// Why `pattern` is invalid; nil if it is valid. The gateway checks too, but it would end the subscription.
package func patternFault(_ pattern: String) -> String? {
    if pattern.utf8.count > 256 { return "a pattern has at most 256 bytes" }
    let segments = pattern.split(separator: "/", omittingEmptySubsequences: false)
    if segments.contains("") { return "\"\(pattern)\" has an empty segment" }
    for (place, segment) in segments.enumerated() {
        if segment == "." || segment == ".." { return "a segment can't be \"\(segment)\"" }
        if segment == "**" {
            if place == segments.count - 1 { continue }
            return "\"**\" can only stand last"
        }
        if segment == "*" { continue }
        if segment.contains("*") { return "\"*\" stands for a whole segment: a/*/b" }
        if segment.utf8.contains(where: { $0 <= ASCII.space || $0 == ASCII.comma || $0 == ASCII.delete }) {
            return "a topic has no white space, control character or comma"
        }
    }
    return nil
}
