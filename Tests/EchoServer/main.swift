// An echo for the conformance suite: the gateway's loop and WebSocket connection, with its limits raised, sends each
// message back. Prints its address; ends when its standard input does.

import Gateway
import Glibc
import Logging

var configuration = GatewayConfiguration()
configuration.port = 0
configuration.publicFolder = nil
configuration.threadCount = 2
configuration.drain.spread = .zero
configuration.webSockets = .echo
// The largest cases: a message of 16 MiB, and one of 65,536 fragments. No case expects a ping or a limit.
configuration.subscribers.messageByteCount = 16 << 20
configuration.subscribers.fragmentLimit = 65_536
configuration.subscribers.messageRate = 0
configuration.subscribers.pingInterval = .seconds(3600)
// Whatever is offered is honoured, and compressed whatever its size: with a history of its own where the offer
// leaves that open, with the loop's shared compressor where the offer asks for none.
configuration.subscribers.compression.mode = .on
configuration.subscribers.compression.minimumByteCount = 0
configuration.subscribers.compression.contextTakeover = true

let gateway: RunningGateway
do {
    gateway = try RunningGateway.start(configuration, log: Log(level: .warning))
} catch {
    fatalError("\(error)")
}
print("ws://\(gateway.address)/ws")
fflush(nil)
while readLine() != nil {}
gateway.drain()
