/// The one form in which an update exists: its JSON line, encoded when it is accepted.
internal import Primitives

/// `{"topic":"…","version":`
func encodeHead(_ name: UnsafeBufferPointer<UInt8>) -> Payload {
    var text = ByteBuffer(capacity: name.count + 24)
    text.append("{\"topic\":")
    text.append(jsonString: name.span)
    text.append(",\"version\":")
    return Payload(text.bytes)
}

/// The head, then `7,"time":1764000000123,"data":…}`; or `…,"deleted":true}` where there is no data.
func encodeUpdate(
    head: Payload, version: UInt64, time: UnixTime, data: UnsafeBufferPointer<UInt8>?
) -> Payload {
    let versionDigits = decimalDigitCount(version)
    let timeDigits = decimalDigitCount(time.milliseconds)
    let timeName: StaticString = ",\"time\":"
    let tailName: StaticString = data == nil ? ",\"deleted\":true}" : ",\"data\":"
    let byteCount =
        head.byteCount + versionDigits + timeName.utf8CodeUnitCount + timeDigits + tailName.utf8CodeUnitCount
        + (data.map { $0.count + 1 } ?? 0)
    return Payload(byteCount: byteCount) { destination in
        var at = destination
        func copy(_ source: UnsafePointer<UInt8>, _ count: Int) {
            at.update(from: source, count: count)
            at += count
        }
        copy(head.base, head.byteCount)
        writeDecimal(version, digitCount: versionDigits, to: at)
        at += versionDigits
        copy(timeName.utf8Start, timeName.utf8CodeUnitCount)
        writeDecimal(time.milliseconds, digitCount: timeDigits, to: at)
        at += timeDigits
        copy(tailName.utf8Start, tailName.utf8CodeUnitCount)
        if let data, let first = data.baseAddress {
            copy(first, data.count)
            at.pointee = ASCII.closeBrace
        }
    }
}
