/// What guards a publish: `Idempotency-Key`, `If-Match` and `If-None-Match` of a request, `key` of a message.
internal import Access
internal import Broker
internal import HTTP
internal import Primitives

extension PublishKey {
    private static var byteCountLimit: Int { 255 }

    /// The key of a request; nil without one.
    init?(_ head: RequestHead, of principal: Principal) throws(Problem) {
        let fields = head.fields(named: "Idempotency-Key")
        guard let field = fields.first else { return nil }
        guard fields.count == 1 else { throw .badRequest("A request has one Idempotency-Key.") }
        // A string of structured fields (RFC 9651 §3.3.3) is the same key as its bare characters.
        let isQuoted = field.count >= 2 && field.first == ASCII.quote && field.last == ASCII.quote
        try self.init(isQuoted ? Array(field.dropFirst().dropLast()) : field, of: principal)
    }

    /// Keys of others are others, even if they are the same.
    init(_ key: [UInt8], of principal: Principal) throws(Problem) {
        guard 1...Self.byteCountLimit ~= key.count else {
            throw .badRequest("A key for publishing once has 1 to \(Self.byteCountLimit) bytes; a UUID does.")
        }
        var text = ByteBuffer()
        let owner = principal.isAnonymous ? [] : Array(principal.name.utf8)
        text.append(littleEndian: UInt32(owner.count))
        text.append(owner)
        text.append(key)
        let digest = Digest(of: text.bytes).bytes
        self.init(
            digest.withUnsafeBytes { bytes in
                ID(
                    high: bytes.loadUnaligned(as: UInt64.self),
                    low: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            })
    }

    /// A key for a stream of lines that has none: it does not come again.
    init(streamNamedBy generator: inout some RandomNumberGenerator) {
        self.init(ID(high: generator.next(), low: generator.next()), place: Place())
    }
}

extension VersionCondition {
    /// What a request demands of its topic; nil: nothing.
    init?(_ head: RequestHead) throws(Problem) {
        switch (head.ifMatch, head.ifNoneMatch) {
        case (nil, nil): return nil
        case (.any?, nil): self = .exists
        case (nil, .any?): self = .version(0)
        case (.tags(let tags)?, nil):
            guard tags.count == 1, let tag = tags.first else {
                throw .badRequest("If-Match takes one version, such as If-Match: \"7\", or *.")
            }
            self = .version(Self.version(of: tag))
        case (nil, .tags?):
            throw .badRequest("If-None-Match takes * here: the topic must not exist.")
        case (_?, _?): throw .badRequest("If-Match and If-None-Match exclude each other.")
        }
    }

    /// A tag that is none of ours is a version that no topic has.
    private static func version(of tag: EntityTag) -> UInt64 {
        let original = tag.originals(upTo: 20).first { $0.span.decimal != nil && $0.first != ASCII.zero }
        return original?.span.decimal ?? .max
    }
}

extension UpdateBatch {
    /// Conditions are looked at all at once, while everybody else waits.
    private static var conditionalCountLimit: Int { 512 }

    func checkConditions() throws(Problem) {
        guard hasConditions, count > Self.conditionalCountLimit else { return }
        throw .badRequest(
            "A batch with \"ifVersion\" may have \(Self.conditionalCountLimit) updates at most; send several."
        )
    }
}
