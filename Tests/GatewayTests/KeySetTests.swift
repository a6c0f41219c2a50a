import Access
import HTTP
import Primitives
import TestSupport
import Testing

@testable import Gateway

/// When keys are fetched, and what becomes of them.
@Suite struct KeySetTests {
    private let start = Instant(nanoseconds: 1_000_000_000_000)

    private func source(_ url: String = "https://id.example/keys") throws -> KeySource {
        KeySource(url: try #require(WebURL(url)), authorities: nil)
    }

    @Test func aSetIsFetchedEveryTenMinutes() {
        var schedule = KeySetSchedule(at: start)
        #expect(schedule.due == start)
        schedule.succeed(at: start + .seconds(1))
        #expect(schedule.due == start + .seconds(601))
        schedule.lookAgain(at: start + .seconds(5))
        #expect(schedule.due == start + .seconds(5))
    }

    @Test func afterAFailureItIsTriedEverLater() {
        var schedule = KeySetSchedule(at: start)
        var delays: [Duration] = []
        for _ in 0..<9 { delays.append(schedule.fail(at: start)) }
        #expect(delays == [1, 2, 4, 8, 16, 32, 60, 60, 60].map { .seconds($0) })
        #expect(schedule.due == start + .seconds(60))
        schedule.succeed(at: start)
        let delay = schedule.fail(at: start)
        #expect(delay == .seconds(1))
    }

    /// Asks at that second; whether the key may come in a moment, and at which second the set is fetched next.
    private func ask(_ schedule: inout KeySetSchedule, _ second: Int) -> String {
        let isAwaited = schedule.ask(at: start + .seconds(second))
        return "\(isAwaited) \(schedule.due.since(start).nanoseconds / 1_000_000_000)"
    }

    @Test func aKeyIsLookedForOnceAMinute() {
        var schedule = KeySetSchedule(at: start)
        var told = [ask(&schedule, 0)]
        schedule.succeed(at: start)
        told.append(ask(&schedule, 1))
        schedule.succeed(at: start + .seconds(2))
        told += [ask(&schedule, 60), ask(&schedule, 61)]
        #expect(told == ["true 0", "true 1", "false 602", "true 61"])
    }

    /// One that never came may come at any moment, but it is not looked for the sooner.
    @Test func aMissingSetIsAwaited() {
        var schedule = KeySetSchedule(at: start)
        _ = schedule.fail(at: start)
        var told = [ask(&schedule, 0)]
        for _ in 0..<5 { _ = schedule.fail(at: start) }
        told.append(ask(&schedule, 1))
        #expect(told == ["true 0", "true 32"])
    }

    @Test func fetchedKeysArePutBesideTheIssuersOwn() throws {
        let (source, other) = (try source(), try source("https://id.example/other"))
        let own = try #require(VerifyingKey(secret: [UInt8](repeating: 1, count: 32)))
        let keys = try KeySet.read(Array(TokenMaker(.ed25519).pem.utf8))
        let keysThen = try KeySet.read(Array(TokenMaker(.ed25519).pem.utf8))
        var settings = GatewayConfiguration()
        var issuer = Issuer(name: "id", algorithms: [.hs256, .edDSA], keys: [own])
        issuer.keySource = source.name
        settings.access.credentials.issuers = [issuer, Issuer(name: "x", algorithms: [.hs256], keys: [own])]
        settings.access.keySources = [source]
        var fetched = FetchedKeys(for: settings)
        func marks() -> [[Digest]] {
            fetched.merged.access.credentials.issuers.map { $0.keys.map(\.fingerprint) }
        }
        let (mark, first, then) = (own.fingerprint, keys[0].fingerprint, keysThen[0].fingerprint)
        #expect(marks() == [[mark], [mark]])
        // The same again is no change: nobody's connection is looked at.
        let changes = [fetched.take(keys, from: source), fetched.take(keys, from: source)]
        #expect(changes == [true, false] && marks() == [[mark, first], [mark]])
        // A source that the settings have no more says nothing; one that they still have need not be asked.
        let others = [fetched.take(keysThen, from: source), fetched.take(keys, from: other)]
        #expect(others == [true, false] && marks() == [[mark, then], [mark]])
        fetched.take(settings)
        #expect(marks() == [[mark, then], [mark]])
        settings.access.keySources = []
        fetched.take(settings)
        let isChange = fetched.take(keys, from: source)
        #expect(!isChange && marks() == [[mark], [mark]])
    }

    @Test func aTokenWaitsForItsKeyOutside() throws {
        let source = try source()
        let maker = TokenMaker(.ed25519)
        let stage = FrontEndStage(rights: Rights()) { configuration in
            configuration.access.credentials = Credentials(anonymous: Rights())
            var issuer = Issuer(name: "id", algorithms: [.edDSA], keys: [])
            issuer.keySource = source.name
            configuration.access.credentials.issuers = [issuer]
            configuration.access.keySources = [source]
        }
        let desk = stage.work.shared.keySets
        func status(issuer: String = "id") -> String {
            let token = maker.token("EdDSA", #"{"iss":"\#(issuer)","exp":1764000601}"#, header: #""kid":"k""#)
            let answer = stage.receive(
                "GET /topics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\n\r\n")
            return String(answer.dropFirst("HTTP/1.1 ".count).prefix(3))
        }
        desk.keep([source], at: stage.work.now)
        for _ in 0..<20 { #expect(status() == "503") }
        #expect(stage.work.shared.credentialFailures.isUntouched)
        #expect(status(issuer: "other") == "401")
        desk.succeed(source, at: stage.work.now)
        // Once it is looked for; then there is no such key.
        #expect(status() == "503")
        desk.succeed(source, at: stage.work.now)
        #expect(status() == "401")
    }
}
