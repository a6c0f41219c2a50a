/// What a service that knows the users says of whoever has sent some fields.
package import Primitives

package enum BackendAnswer: Sendable {
    case principal(Principal)
    /// Nobody in particular: a stranger like others.
    case nobody
    /// Not known, or known and not let in.
    case unauthenticated
    case forbidden
    /// Nothing came that could be used.
    case failure(String)

    /// Longer ones are not read.
    package static let byteCountLimit = 16_384
    private static let subjectByteCount = 256

    /// From the status and the content of an answer of HTTP. The principal rests on `basis`.
    package init(
        status: Int, _ content: [UInt8], restingOn basis: Digest, at time: UnixTime, _ now: Instant
    ) {
        switch status {
        case 200:
            do throws(Unusable) {
                self = .principal(try Self.principal(content, restingOn: basis, at: time, now))
            } catch {
                self = .failure(error.reason)
            }
        case 204: self = .nobody
        case 401: self = .unauthenticated
        case 403: self = .forbidden
        default: self = .failure("it answered with status \(status)")
        }
    }

    private struct Unusable: Error {
        let reason: String
    }

    /// `{"subject":"ann","expires":1764000900,"subscribe":["stocks/*"],…}`, with the rights that a token's claim has.
    private static func principal(
        _ content: [UInt8], restingOn basis: Digest, at time: UnixTime, _ now: Instant
    ) throws(Unusable) -> Principal {
        guard let answer = UniqueObject(content) else {
            throw Unusable(reason: "its answer is no JSON object")
        }
        do {
            guard let subject = try answer.string("subject"), (1...subjectByteCount).contains(subject.count)
            else {
                throw Unusable(reason: "its answer has no \"subject\" of at most \(subjectByteCount) bytes")
            }
            guard let seconds = try answer.number("expires"), let expires = UnixTime(seconds: seconds) else {
                throw Unusable(reason: "its answer has no \"expires\" in seconds since 1970")
            }
            guard time < expires else {
                throw Unusable(reason: "its answer says that it has expired already: do the clocks agree?")
            }
            return Principal(
                name: subject.span.text, rights: try Rights(answer, of: subject), proof: .backend,
                expires: expires, at: time, now, restingOn: basis)
        } catch let failure as Unusable {
            throw failure
        } catch {
            throw Unusable(reason: "its answer has rights that are none: lists of patterns are wanted")
        }
    }
}
