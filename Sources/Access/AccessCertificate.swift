/// An entry of `access.certificates`: who shows such a certificate may do what stands beside it.
package import Primitives

package struct AccessCertificate: Sendable {
    package let name: String
    /// What a certificate must say, wholly and to the letter: its subject, or one of its alternative names.
    let mark: String
    /// Of it, without an end.
    let principal: Principal

    /// `mark` is a subject, `CN=feeder-1,O=Example`, or a name with its kind, `URI:spiffe://mesh/feeder`. No subject begins as a
    /// name does.
    package init(name: String, mark: String, rights: Rights) {
        self.name = name
        self.mark = mark
        principal = Principal(
            name: name, rights: rights, proof: .certificate, restingOn: Self.basis(of: mark))
    }

    /// So that no key has the same hash.
    private static func basis(of mark: String) -> Digest {
        Digest(of: Array("certificate \(mark)".utf8).span)
    }
}

extension Credentials {
    /// The principal of a verified certificate that says all of `marks` and lasts until `end`; nil where it is nobody's.
    package func principal(
        showing marks: [String], until end: UnixTime, at time: UnixTime, _ now: Instant
    ) -> Principal? {
        guard time < end, let found = certificates.first(where: { marks.contains($0.mark) }) else {
            return nil
        }
        return found.principal(until: end, at: time, now)
    }
}

extension AccessCertificate {
    func principal(until end: UnixTime, at time: UnixTime, _ now: Instant) -> Principal {
        Principal(
            name: name, rights: principal.rights, proof: .certificate, expires: end, at: time, now,
            restingOn: principal.basis)
    }
}
