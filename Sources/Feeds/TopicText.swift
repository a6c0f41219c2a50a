/// Makes names from outside fit for topics.
internal import Broker
internal import Primitives

/// Why `name` cannot name a topic; nil if it can.
func topicFault(_ name: String) -> String? {
    let bytes = Array(name.utf8)
    do {
        try TopicName.check(bytes.span)
        return nil
    } catch {
        return error.description
    }
}

/// `text` as one segment of a topic: characters that a topic cannot hold become "_".
func topicSegment(_ text: some StringProtocol) -> String {
    let scalars = text.unicodeScalars.map { scalar in
        switch scalar {
        case "\0"..." ", "\u{7F}", ",", "*", "/": "_" as Unicode.Scalar
        default: scalar
        }
    }
    var segment = String(String.UnicodeScalarView(scalars))
    if segment.isEmpty || segment == "." || segment == ".." { segment = "_" }
    return segment
}
