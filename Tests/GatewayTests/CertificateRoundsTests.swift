import Broker
import Foundation
import Logging
import Primitives
import Synchronization
import TestSupport
import Testing
import Transport

@testable import Gateway

@Suite struct CertificateRoundsTests {
    /// Two loops behind one endpoint of two addresses and a plain one, and the certificate in files of its own.
    private struct Stage {
        let pair: TestAuthority.Pair
        let shared: GatewayShared
        var rounds: CertificateRounds
        var now = Instant(nanoseconds: 0)

        init() throws {
            pair = try TestAuthority.shared.issue()
            var endpoint = Endpoint()
            endpoint.tls = TLSSettings([.init(certificate: pair.certificate, key: pair.key)])
            var configuration = GatewayConfiguration()
            configuration.publicFolder = nil
            configuration.endpoints = [endpoint, Endpoint()]
            let address = try SocketAddress.resolve(host: "127.0.0.1", port: 1)[0]
            shared = GatewayShared(
                configuration: configuration,
                sequencer: Sequencer(epoch: Epoch("stage"), retention: configuration.retention), log: .silent,
                files: StaticFiles(), loops: [LoopControl {}, LoopControl {}],
                addresses: [
                    ListeningAddress(address, of: endpoint, at: 0),
                    ListeningAddress(address, of: endpoint, at: 0),
                    ListeningAddress(address, of: Endpoint(), at: 1),
                ], descriptorLimit: 1000)
            let certificates = try EndpointCertificates(reading: configuration.endpoints, at: .now())
            rounds = CertificateRounds(
                certificates, at: shared.addresses, TicketKeys(), shared, now: now)
        }

        mutating func look(after duration: Duration = .zero) {
            now = now + Interval(duration)
            rounds.look(at: .now(), now: now)
        }

        /// What each loop was sent.
        func mail() -> [[Mailbox.Message]] { shared.loops.map { $0.mailbox.take() } }

        func write(_ file: String, to place: String) throws {
            try FileManager.default.removeItem(atPath: place)
            try FileManager.default.copyItem(atPath: file, toPath: place)
        }
    }

    @Test func nothingNewIsNothingToSay() throws {
        var stage = try Stage()
        stage.look()
        #expect(stage.mail().allSatisfy { $0.isEmpty })
        #expect(stage.shared.certificates.known.withLock { $0.map(\.file) } == [stage.pair.certificate])
    }

    @Test func eachLoopGetsContextsOfItsOwnForEachListener() throws {
        var stage = try Stage()
        let other = try TestAuthority.shared.issue(days: 25)
        try stage.write(other.certificate, to: stage.pair.certificate)
        try stage.write(other.key, to: stage.pair.key)
        let before = stage.shared.certificates.known.withLock { $0 }
        stage.look()
        var seen: [ObjectIdentifier] = []
        for mail in stage.mail() {
            guard mail.count == 1, case .contexts(let contexts) = mail[0] else {
                Issue.record("\(mail)")
                continue
            }
            #expect(
                Set(contexts.keys) == Set(stage.shared.addresses.prefix(2).map(\.id)),
                "the addresses of the endpoint that is encrypted")
            #expect(Set(contexts.values.map { ObjectIdentifier($0) }).count == 1)
            seen += contexts.values.map { ObjectIdentifier($0) }
        }
        #expect(Set(seen).count == 2)
        #expect(stage.shared.certificates.known.withLock { $0 } != before)
        #expect(stage.shared.certificates.takenCount.now == 1)
    }

    @Test func whatDoesNotFitIsRefusedOnceForEachChange() throws {
        var stage = try Stage()
        let other = try TestAuthority.shared.issue()
        try stage.write(other.key, to: stage.pair.key)
        for _ in 0..<3 { stage.look() }
        #expect(stage.mail().allSatisfy { $0.isEmpty })
        #expect(stage.shared.certificates.refusedCount.now == 1)
        try stage.write(other.certificate, to: stage.pair.certificate)
        stage.look()
        #expect(stage.mail().allSatisfy { $0.count == 1 })
        #expect(stage.shared.certificates.refusedCount.now == 1)
        try FileManager.default.removeItem(atPath: stage.pair.key)
        stage.look()
        #expect(stage.shared.certificates.refusedCount.now == 2)
    }

    @Test func ticketKeysChangeInTime() throws {
        var stage = try Stage()
        stage.look(after: TicketKeys.life - .seconds(1))
        #expect(stage.mail().allSatisfy { $0.isEmpty })
        stage.look(after: .seconds(1))
        for mail in stage.mail() {
            guard mail.count == 1, case .ticketKeys = mail[0] else {
                Issue.record("\(mail)")
                continue
            }
        }
        stage.look(after: .seconds(60))
        #expect(stage.mail().allSatisfy { $0.isEmpty })
    }

    @Test func itWarnsAtEachThresholdOnce() {
        var warnings = ExpiryWarnings()
        let end = UnixTime(milliseconds: 100 * 86_400_000)
        func warned(_ daysLeft: Double, _ end: UnixTime, _ file: String = "a") -> Int? {
            let now = UnixTime(milliseconds: end.milliseconds - UInt64(daysLeft * 86_400_000))
            return warnings.daysLeft(of: file, endingAt: end, now)
        }
        let steps: [(Double, Int?)] = [
            (30, nil), (21, 21), (20.9, nil), (8, nil), (6.5, 6), (6, nil), (1.5, nil), (1, 1), (0.5, nil),
            (0, nil),
        ]
        for (left, told) in steps { #expect(warned(left, end) == told, "\(left) days") }
        // Another file, and a renewed one, have their own.
        #expect(warned(3, end, "b") == 3)
        #expect(warned(5, UnixTime(milliseconds: 200 * 86_400_000)) == 5)
    }
}
