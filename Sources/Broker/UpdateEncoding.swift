/// The one form in which an update exists: its JSON line, encoded when it is accepted.
internal import Primitives

/// The name as it stands between the quotes of a JSON string; nil where that is the name itself, as it nearly always is.
func escaped(_ name: UnsafeBufferPointer<UInt8>) -> Payload? {
    var text = ByteBuffer(capacity: name.count + 8)
    text.append(jsonString: name.span)
    guard text.count > name.count + 2 else { return nil }
    return Payload(text.bytes.extracting(1..<(text.count - 1)))
}

/// What an update says of its topic.
enum UpdateContent {
    case value(UnsafeBufferPointer<UInt8>)
    /// A publisher has ended it.
    case deletion
    /// Its time is over.
    case expiry

    var isValue: Bool {
        if case .value = self { true } else { false }
    }

    fileprivate var data: UnsafeBufferPointer<UInt8>? {
        if case .value(let data) = self { data } else { nil }
    }

    /// What follows the time; behind it the data, where there are any.
    fileprivate var tail: StaticString {
        switch self {
        case .value: ",\"data\":"
        case .deletion: ",\"deleted\":true}"
        case .expiry: ",\"deleted\":true,\"expired\":true}"
        }
    }
}

/// `{"topic":"…","version":7,"time":1764000000123,"data":…}`, or `…,"deleted":true}`; with a moment of the publisher's own clock
/// `,"at":…` stands behind the time. `name` is what stands between the topic's quotes.
func encodeUpdate(
    name: UnsafeBufferPointer<UInt8>, version: UInt64, time: UnixTime, moment: UnixTime? = nil,
    _ content: UpdateContent
) -> Payload {
    let versionDigits = decimalDigitCount(version)
    let timeDigits = decimalDigitCount(time.milliseconds)
    let begin: StaticString = "{\"topic\":\""
    let versionName: StaticString = "\",\"version\":"
    let timeName: StaticString = ",\"time\":"
    let momentName: StaticString = ",\"at\":"
    let momentDigits = moment.map { decimalDigitCount($0.milliseconds) } ?? 0
    let tailName = content.tail
    let data = content.data
    let byteCount =
        begin.utf8CodeUnitCount + name.count + versionName.utf8CodeUnitCount + versionDigits
        + timeName.utf8CodeUnitCount + timeDigits + tailName.utf8CodeUnitCount
        + (moment == nil ? 0 : momentName.utf8CodeUnitCount + momentDigits) + (data.map { $0.count + 1 } ?? 0)
    return Payload(byteCount: byteCount) { destination in
        var at = destination
        func copy(_ source: UnsafePointer<UInt8>, _ count: Int) {
            at.update(from: source, count: count)
            at += count
        }
        copy(begin.utf8Start, begin.utf8CodeUnitCount)
        if let first = name.baseAddress { copy(first, name.count) }
        copy(versionName.utf8Start, versionName.utf8CodeUnitCount)
        writeDecimal(version, digitCount: versionDigits, to: at)
        at += versionDigits
        copy(timeName.utf8Start, timeName.utf8CodeUnitCount)
        writeDecimal(time.milliseconds, digitCount: timeDigits, to: at)
        at += timeDigits
        if let moment {
            copy(momentName.utf8Start, momentName.utf8CodeUnitCount)
            writeDecimal(moment.milliseconds, digitCount: momentDigits, to: at)
            at += momentDigits
        }
        copy(tailName.utf8Start, tailName.utf8CodeUnitCount)
        if let data, let first = data.baseAddress {
            copy(first, data.count)
            at.pointee = ASCII.closeBrace
        }
    }
}
