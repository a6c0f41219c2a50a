/// Reads the updates of publishers: objects `{"topic":…,"data":…}` or `{"topic":…,"deleted":true}`, with `ttl` and `at`.
package import Broker
internal import Primitives

package enum UpdateReader {
    /// Reads the text of a whole body: one object or an array of them. `batch` is filled whole or left empty.
    static func read(body: Span<UInt8>, into batch: inout UpdateBatch) throws(Problem) {
        let body = body.afterByteOrderMark
        try checkUTF8(body)
        var scanner = JSONScanner(body)
        do throws(Problem) {
            if scanner.peek() == .array {
                try readArray(&scanner, into: &batch)
            } else {
                try append(readObject(&scanner), scanner.bytes, &batch)
            }
            do {
                try scanner.end()
            } catch {
                throw Problem(error)
            }
        } catch {
            batch.removeAll()
            throw error
        }
    }

    /// Reads the text of one value.
    static func read(
        value: Span<UInt8>, of topic: [UInt8], _ options: UpdateOptions, into batch: inout UpdateBatch
    ) throws(Problem) {
        let value = value.afterByteOrderMark
        try checkUTF8(value)
        let range = try wholeValue(value)
        do {
            try batch.append(topic: topic.span, data: value.extracting(range), options: options)
        } catch {
            throw Problem(error)
        }
    }

    /// Reads one line of NDJSON.
    package static func read(line: Span<UInt8>, into batch: inout UpdateBatch) throws(Problem) {
        try checkUTF8(line)
        var scanner = JSONScanner(line)
        let update: FoundUpdate
        do throws(Problem) {
            update = try readObject(&scanner)
        } catch {
            // A text that is no JSON is told so, whatever else is wrong in it.
            _ = try wholeValue(line)
            throw error
        }
        // The whole line is checked before anything of it is taken.
        do {
            try scanner.end()
        } catch {
            throw Problem(error)
        }
        try append(update, line, &batch)
    }

    /// Where the one JSON value of a text stands.
    private static func wholeValue(_ text: Span<UInt8>) throws(Problem) -> Range<Int> {
        var scanner = JSONScanner(text)
        do {
            let range = try scanner.value()
            try scanner.end()
            return range
        } catch {
            throw Problem(error)
        }
    }

    /// Reads an array of updates, where `scanner` stands.
    static func readArray(
        _ scanner: inout JSONScanner, into batch: inout UpdateBatch
    ) throws(Problem) {
        do {
            try scanner.enterArray()
        } catch {
            throw Problem(error)
        }
        while try readElement(&scanner, into: &batch) {}
    }

    /// Reads the next element of an array; false at its end.
    private static func readElement(
        _ scanner: inout JSONScanner, into batch: inout UpdateBatch
    ) throws(Problem) -> Bool {
        do {
            guard try scanner.nextElement() else { return false }
        } catch {
            throw Problem(error)
        }
        try append(readObject(&scanner), scanner.bytes, &batch)
        return true
    }

    /// Begins to read the text of a whole body a few updates at a time; returns where the first one is sought, nil where the
    /// body is no array.
    static func begin(body: Span<UInt8>) throws(Problem) -> Int? {
        let text = body.afterByteOrderMark
        try checkUTF8(text)
        var scanner = JSONScanner(text)
        guard scanner.peek() == .array else { return nil }
        do {
            try scanner.enterArray()
        } catch {
            throw Problem(error)
        }
        return scanner.position
    }

    /// A part ends behind so many bytes, however few updates they are: what a value is made of takes its time too.
    private static var partByteCount: Int { 32 * 1024 }

    /// Reads up to `limit` more updates from `position` on, behind those in `batch`; returns whether they were the last ones.
    static func read(
        _ limit: Int, of body: Span<UInt8>, at position: inout Int, into batch: inout UpdateBatch
    ) throws(Problem) -> Bool {
        var scanner = JSONScanner(body.afterByteOrderMark, inArrayAt: position, isFirst: batch.isEmpty)
        var isWhole = false
        for _ in 0..<limit where scanner.position - position < partByteCount {
            isWhole = try !readElement(&scanner, into: &batch)
            if isWhole { break }
        }
        position = scanner.position
        guard isWhole else { return false }
        do {
            try scanner.end()
        } catch {
            throw Problem(error)
        }
        return true
    }

    /// An update as it stands in the text.
    private struct FoundUpdate {
        var topic: JSONString
        /// Nil: it ends the topic.
        var data: Range<Int>?
        var options: UpdateOptions
        var condition: VersionCondition?
    }

    private static func readObject(_ scanner: inout JSONScanner) throws(Problem) -> FoundUpdate {
        guard scanner.peek() == .object else {
            // A text that is no JSON is told so.
            do {
                _ = try scanner.value()
            } catch {
                throw Problem(error)
            }
            throw .badRequest(
                "An update is an object such as {\"topic\":\"stocks/ACME\",\"data\":{\"price\":1}}.")
        }
        var topic: JSONString?
        var data: Range<Int>?
        var isDeleted = false
        var options = UpdateOptions.none
        var condition: VersionCondition?
        var mistake: Problem?
        do {
            try scanner.enterObject()
            while let name = try scanner.nextMember() {
                if name.equals("topic", in: scanner.bytes) {
                    let isString = scanner.peek() == .string
                    topic = isString ? try scanner.string() : nil
                    if !isString {
                        _ = try scanner.value()
                        mistake = .badRequest("\"topic\" must be a string.")
                    }
                } else if name.equals("data", in: scanner.bytes) {
                    data = try scanner.value()
                } else if name.equals("deleted", in: scanner.bytes) {
                    let isBoolean = scanner.peek() == .boolean
                    isDeleted = isBoolean ? try scanner.boolean() : false
                    if !isBoolean {
                        _ = try scanner.value()
                        mistake = .badRequest("\"deleted\" must be true or false.")
                    }
                } else if name.equals("ifVersion", in: scanner.bytes) {
                    condition = scanner.bytes.extracting(try scanner.value()).decimal.map { .version($0) }
                    if condition == nil {
                        mistake = .badRequest(
                            "\"ifVersion\" must be the version that the topic has, or 0 where it must not exist."
                        )
                    }
                } else {
                    let found = try readOption(name, &scanner, into: &options)
                    mistake = mistake ?? found
                }
            }
        } catch {
            throw Problem(error)
        }
        if let mistake { throw mistake }
        guard let topic else { throw .badRequest("The update has no \"topic\".") }
        if isDeleted == (data != nil) {
            throw .badRequest("An update carries either \"data\" (null is a value) or \"deleted\":true.")
        }
        if isDeleted, options.timeToLive != .unsaid {
            throw .badRequest("\"ttl\" says how long a value lasts; the end of a topic has none.")
        }
        return FoundUpdate(topic: topic, data: data, options: options, condition: condition)
    }

    /// Returns what is wrong with the member. What is not known is passed over.
    private static func readOption(
        _ name: JSONString, _ scanner: inout JSONScanner, into options: inout UpdateOptions
    ) throws(JSONFailure) -> Problem? {
        let value = scanner.bytes.extracting(try scanner.value())
        do throws(Problem) {
            if name.equals("ttl", in: scanner.bytes) {
                try options.read(timeToLive: value)
            } else if name.equals("at", in: scanner.bytes) {
                try options.read(moment: value)
            }
        } catch {
            return error
        }
        return nil
    }

    private static func append(
        _ update: FoundUpdate, _ text: Span<UInt8>, _ batch: inout UpdateBatch
    ) throws(Problem) {
        guard let name = update.topic.decoded(in: text) else {
            throw Problem(400, "invalid_topic", "The topic has half of a surrogate pair.")
        }
        do {
            if let data = update.data {
                try batch.append(topic: name.span, data: text.extracting(data), options: update.options)
            } else {
                try batch.append(tombstoneOf: name.span, options: update.options)
            }
        } catch {
            throw Problem(error)
        }
        if let condition = update.condition { batch.demand(condition) }
    }

    static func checkUTF8(_ text: Span<UInt8>) throws(Problem) {
        do {
            _ = try UTF8Span(validating: text)
        } catch {
            throw .invalidJSON("The text is not UTF-8.")
        }
    }
}
