/// Writes the flat objects that feeds publish, without a string or an allocation per field.
internal import Broker
internal import Primitives

extension ByteBuffer {
    /// `,"name":`, or `{"name":` for the first. Names are plain ASCII.
    mutating func append(field name: StaticString, isFirst: Bool = false) {
        append(isFirst ? "{\"" : ",\"")
        append(name)
        append("\":")
    }

    mutating func append(field name: StaticString, _ value: UInt64, isFirst: Bool = false) {
        append(field: name, isFirst: isFirst)
        append(decimal: value)
    }

    /// A measure with two decimals, for people: percents, loads, rates.
    mutating func append(field name: StaticString, _ value: Double, isFirst: Bool = false) {
        append(field: name, isFirst: isFirst)
        append(fixed: Int64((value * 100).rounded()), decimals: 2)
    }

    /// `value` divided by ten to the power of `decimals`, with exactly that many decimals: 1234 with 2 is 12.34.
    mutating func append(fixed value: Int64, decimals: Int) {
        if value < 0 { append(ASCII.minus) }
        let magnitude = value.magnitude
        let digitCount = max(decimalDigitCount(magnitude), decimals + 1)
        _ = appendUnsafe(upTo: digitCount + 1) { free in
            guard let base = free.baseAddress else { return 0 }
            guard decimals > 0 else {
                writeDecimal(magnitude, digitCount: digitCount, to: base)
                return digitCount
            }
            // Writes all digits one place to the right, then moves those before the point back by one.
            writeDecimal(magnitude, digitCount: digitCount, to: base + 1)
            let wholeCount = digitCount - decimals
            base.update(from: base + 1, count: wholeCount)
            base[wholeCount] = ASCII.period
            return digitCount + 1
        }
    }
}

extension UpdateBatch {
    /// Closes the object that `fields` began, appends it as the next value of `topic` and empties `fields`. The topic may
    /// be too long, but nothing else may be wrong with it.
    mutating func append(_ fields: inout ByteBuffer, as topic: String) {
        fields.append(ASCII.closeBrace)
        let topic = OutsideName.fitted(Array(topic.utf8))
        do {
            try append(topic: topic.span, data: fields.bytes)
        } catch {
            preconditionFailure("a topic is neither a checked prefix nor encoded: \(error)")
        }
        fields.removeAll()
    }
}
