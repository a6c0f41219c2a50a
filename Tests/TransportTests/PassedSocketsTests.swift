import Glibc
import Testing

@testable import Transport

/// What systemd says of the sockets that it passes (sd_listen_fds(3)).
@Suite struct PassedSocketsTests {
    private func parse(_ environment: [String: String]) throws(PassedSocketsFailure) -> [String] {
        try PassedSockets.parse(pid: 42) { environment[$0] }.map { "\($0.number) \($0.name)" }
    }

    @Test(
        arguments: [
            ([:], []), (["LISTEN_FDS": "2"], []), (["LISTEN_PID": "41", "LISTEN_FDS": "2"], []),
            (["LISTEN_PID": "042", "LISTEN_FDS": "x"], []), (["LISTEN_PID": "42", "LISTEN_FDS": "0"], []),
            (["LISTEN_PID": "42", "LISTEN_FDS": "0", "LISTEN_FDNAMES": ""], []),
            (["LISTEN_PID": "42", "LISTEN_FDS": "2"], ["3 unknown", "4 unknown"]),
            (["LISTEN_PID": "42", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "web"], ["3 web"]),
            (
                ["LISTEN_PID": "42", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "web:web:"],
                ["3 web", "4 web", "5 "]
            ),
        ] as [([String: String], [String])])
    func areCountedFromThree(environment: [String: String], expected: [String]) throws {
        #expect(try parse(environment) == expected)
    }

    @Test(
        arguments: [
            ["LISTEN_FDS": ""], [:], ["LISTEN_FDS": "-1"], ["LISTEN_FDS": "+1"], ["LISTEN_FDS": "1 "],
            ["LISTEN_FDS": "257"], ["LISTEN_FDS": "99999999999999999999"],
            ["LISTEN_FDS": "2", "LISTEN_FDNAMES": "web"], ["LISTEN_FDS": "1", "LISTEN_FDNAMES": "a:b"],
        ] as [[String: String]])
    func whatCanNotBeIsRefused(environment: [String: String]) {
        #expect(throws: PassedSocketsFailure.self) {
            try parse(environment.merging(["LISTEN_PID": "42"]) { $1 })
        }
    }

    @Test func aPassedSocketGoesOnWithoutThisProcess() throws {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #expect(listen(number, 4) == 0)
        let kept = dup(number)
        defer { close(kept) }
        let passed = try SharedSocket(passed: .init(number: number, name: "web"))
        #expect(passed.name == "web" && passed.address.port > 0)
        #expect(fcntl(number, F_GETFL) & O_NONBLOCK != 0 && fcntl(number, F_GETFD) & FD_CLOEXEC != 0)
        let client = try ByteStream.connect(to: passed.address)
        var listener = try Listener(sharing: passed, .init())
        let server = try acceptOne(from: &listener)
        #expect(option(server.number, Int32(IPPROTO_TCP), TCP_NODELAY) == 1)
        passed.stop()
        _ = try ByteStream.connect(to: passed.address)
        _ = client.number
    }

    @Test func whatDoesNotListenIsRefused() {
        let stream = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let datagrams = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        let file = open("/dev/null", O_RDONLY)
        for number in [stream, datagrams, file, 1_000_000] {
            #expect(throws: PassedSocketsFailure.self) {
                _ = try SharedSocket(passed: .init(number: number, name: "x"))
            }
            close(number)
        }
    }
}
