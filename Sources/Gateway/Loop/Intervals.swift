/// The settings' lengths of time as a loop adds them to moments.
internal import Primitives

struct Intervals {
    let ping: Interval
    let pong: Interval
    let eventStreamHeartbeat: Interval
    let send: Interval
    /// The log names a reader that takes nothing for so long.
    let stall: Interval
    let close: Interval
    let handshake: Interval
    let head: Interval
    let body: Interval
    let request: Interval
    let message: Interval
    let idle: Interval

    init(_ configuration: GatewayConfiguration) {
        let subscribers = configuration.subscribers
        ping = Interval(subscribers.pingInterval)
        pong = Interval(subscribers.pongTimeout)
        eventStreamHeartbeat = Interval(subscribers.eventStreamHeartbeat)
        send = Interval(subscribers.sendTimeout)
        stall = Interval(min(.seconds(5), subscribers.sendTimeout / 2))
        close = Interval(subscribers.closeTimeout)
        handshake = Interval(configuration.handshakes.timeout)
        head = Interval(configuration.http.headTimeout)
        body = Interval(configuration.http.bodyTimeout)
        request = Interval(configuration.http.requestTimeout)
        message = Interval(subscribers.messageTimeout)
        idle = Interval(configuration.http.idleTimeout)
    }
}
