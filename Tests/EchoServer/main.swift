// An echo for the conformance suite: the gateway's loop and WebSocket connection, with raised limits, send each
// message back. It prints its address and ends when its standard input does.
//
// usage: EchoServer [CERTIFICATE KEY]      with them it speaks TLS

import Gateway
import Glibc
import Logging
import Transport

var configuration = GatewayConfiguration()
configuration.port = 0
configuration.publicFolder = nil
configuration.threadCount = 2
configuration.drain.spread = .zero
configuration.webSockets = .echo
// For the largest cases: a message of 16 MiB, and one of 65,536 fragments. No case expects a ping or a limit.
configuration.subscribers.messageByteCount = 16 << 20
configuration.subscribers.fragmentLimit = 65_536
configuration.subscribers.messageRate = 0
configuration.subscribers.pingInterval = .seconds(3600)
// It accepts every offer and compresses messages of any size: with a history of its own if the offer permits that,
// else with the loop's shared compressor.
configuration.subscribers.compression.mode = .on
configuration.subscribers.compression.minimumByteCount = 0
configuration.subscribers.compression.contextTakeover = true

let isSecure = CommandLine.arguments.count == 3
if isSecure {
    configuration.endpoints[0].tls = TLSSettings([
        .init(certificate: CommandLine.arguments[1], key: CommandLine.arguments[2])
    ])
}

let gateway: RunningGateway
do {
    gateway = try RunningGateway.start(configuration, log: try Log(level: .warning))
} catch {
    fatalError("\(error)")
}
print("\(isSecure ? "wss" : "ws")://\(gateway.entrance.address)/ws")
fflush(nil)
while readLine() != nil {}
gateway.drain()
