/// Who is it that has sent these fields?
package import Access
internal import HTTP
package import Primitives

package struct BackendQuestion: Sendable {
    package let backend: BackendSettings
    package let fields: [(name: String, value: [UInt8])]
    /// The answer comes until then, or too late.
    package let deadline: Instant
    /// Alike for the same fields, shown to the same backend.
    package let digest: Digest

    /// All values together. They wait in memory.
    static let byteCountLimit = 8192

    /// Nil where the request has none of the fields.
    init?(of head: RequestHead, to backend: BackendSettings, at now: Instant) {
        var fields: [(name: String, value: [UInt8])] = []
        for name in backend.fields {
            for value in head.fields.all(named: name) { fields.append((name, value)) }
        }
        guard !fields.isEmpty else { return nil }
        self.backend = backend
        self.fields = fields
        deadline = now + backend.timeout
        digest = Self.digest(of: fields, shownTo: backend)
    }

    package var byteCount: Int { fields.reduce(0) { $0 + $1.value.count } }

    /// Each value behind its name and its length, so that no two lists of fields are the same text.
    private static func digest(
        of fields: [(name: String, value: [UInt8])], shownTo backend: BackendSettings
    ) -> Digest {
        var text = backend.basis.bytes
        for (name, value) in fields { text += Array("\(name):\(value.count):".utf8) + value }
        return Digest(of: text.span)
    }

    /// The principal's basis.
    package var basis: Digest { backend.basis }
}
