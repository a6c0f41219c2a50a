/// One session: waits for keys, updates, signals and the next frame. The model and the view do the rest.
package import Client
internal import Primitives
package import Transport

package final class WatchSession {
    /// An Esc counts as the key if no byte follows within this time. A longer gap within a sequence only cuts it.
    private static let escapePatience = Duration.milliseconds(50)
    private static let sequencePatience = Duration.milliseconds(500)

    private var model: WatchModel
    private let capabilities: Capabilities
    private let terminal: Terminal
    private let mailbox: Mailbox
    private let thread: SubscriptionThread
    private let signals: Wakeup
    private var recorder: Recorder?
    private var renderer: Renderer
    private var parser = InputParser()
    private var parserDue = Instant.never
    private var events: [InputEvent] = []
    private var isOver = false
    /// Something changed that the screen does not show yet.
    private var isStale = true
    private var nextFrame = Instant(nanoseconds: 0)
    private var heardAt = Instant(nanoseconds: 0)
    private var drawnSecond: UInt64 = 0
    package private(set) var frameCount = 0

    package init(
        _ subscription: WatchSubscription, at url: GatewayURL, columns: [String]?,
        recorder: consuming Recorder?,
        _ capabilities: Capabilities
    ) throws(SystemFailure) {
        self.capabilities = capabilities
        self.recorder = recorder
        signals = try SessionSignals.install()
        mailbox = try Mailbox()
        thread = try SubscriptionThread(to: url, telling: mailbox)
        terminal = try Terminal()
        renderer = Renderer(capabilities.depth)
        model = WatchModel(
            subscription, at: url.description, columns: columns?.map { MemberPath($0) }, size: terminal.size)
    }

    /// Runs until the person, or a signal, ends the session.
    package func run() throws(SystemFailure) {
        try thread.start()
        thread.open(model.subscription, isWhole: true)
        terminal.takeOver()
        while !isOver { turn() }
        terminal.leave()
        SessionSignals.remove()
        finishRecording()
        thread.end()
    }

    /// Bytes that the terminal was sent.
    package var writtenCount: UInt64 { terminal.writtenCount }

    // MARK: A turn

    private func turn() {
        wait()
        let now = Instant.now()
        if now >= parserDue { parser.timeOut(into: &events) }
        noteParser(now)
        for event in events { perform(model.handle(event, now: now)) }
        if !events.isEmpty {
            isStale = true
            nextFrame = now  // A key is answered at once.
        }
        events.removeAll(keepingCapacity: true)
        guard now >= nextFrame, !terminal.isBusy, !isOver else { return }
        takeLetters(now)
        draw(now)
    }

    /// Waits until there is something to do. Updates wake it only when a frame may follow; until then they gather. If
    /// the terminal takes nothing, they gather until the gateway conflates them.
    private func wait() {
        let now = Instant.now()
        let mayDraw = now >= nextFrame && !terminal.isBusy
        var wishes: [Readiness.Wish] = [
            .init(terminal.number, terminal.isBusy ? [.read, .write] : .read),
            .init(signals.descriptor, .read),
        ]
        if mayDraw { wishes.append(.init(mailbox.arrival.descriptor, .read)) }
        var due = parserDue
        if mayDraw {
            due = min(due, isMoving(now) ? now : now + untilNextSecond)
        } else if !terminal.isBusy {
            due = min(due, nextFrame)
        }
        let ready = Readiness.wait(for: wishes, timeout: due == .never ? nil : due.since(now))
        if ready[1] { heedSignals() }
        if ready[0] { readTerminal() }
    }

    private var untilNextSecond: Duration {
        .milliseconds(Int64(1000 - UnixTime.now().milliseconds % 1000))
    }

    private func readTerminal() {
        guard terminal.flush(), let bytes = terminal.read() else {
            isOver = true
            return
        }
        parser.feed(bytes, into: &events)
    }

    private func noteParser(_ now: Instant) {
        guard parser.isWaiting else {
            parserDue = .never
            return
        }
        if parserDue == .never {
            parserDue = now + (parser.isLoneEscape ? Self.escapePatience : Self.sequencePatience)
        }
    }

    // MARK: Hearing

    private func takeLetters(_ now: Instant) {
        for letter in mailbox.take() {
            isStale = true
            heardAt = now
            switch letter {
            case .began(let isWhole): model.begin(isWhole: isWhole)
            case .heard(let heard, let time):
                for event in heard {
                    let isNews = model.apply(event, now: now, time: time)
                    if isNews || event == .live { record(event, now) }
                }
            }
        }
    }

    private func record(_ event: SubscriptionEvent, _ now: Instant) {
        do throws(RecordingFailure) {
            try recorder?.record(event)
        } catch {
            stopRecording(error, now)
        }
    }

    private func flushRecording() {
        do throws(RecordingFailure) {
            try recorder?.flush()
        } catch {
            stopRecording(error, .now())
        }
    }

    private func finishRecording() {
        do throws(RecordingFailure) {
            try recorder?.finish()
        } catch {
            stopRecording(error, .now())
        }
    }

    private func stopRecording(_ failure: RecordingFailure, _ now: Instant) {
        recorder = nil
        model.say("\(failure); it ends here", isWarning: true, now: now)
    }

    // MARK: Drawing

    /// At the pace of the updates while something moves; otherwise once a second, for ages and rates.
    private func draw(_ now: Instant) {
        let time = UnixTime.now()
        let second = time.milliseconds / 1000
        guard isStale || isMoving(now) || second != drawnSecond else { return }
        if second != drawnSecond { flushRecording() }
        drawnSecond = second
        isStale = false
        nextFrame = now + model.subscription.frameDuration
        model.settle(now: now)
        let grid = WatchView.grid(of: model, on: capabilities, now: now, time: time)
        terminal.write { renderer.draw(grid, into: &$0) }
        frameCount += 1
    }

    /// Whether the picture changes with time alone: a flash fades, a countdown runs.
    private func isMoving(_ now: Instant) -> Bool {
        if case .waiting = model.link { return true }
        return now.since(heardAt) < .seconds(1)
    }

    // MARK: Doing

    private func perform(_ effect: Effect?) {
        switch effect {
        case .quit: isOver = true
        case .suspend: suspend()
        case .redraw: redraw()
        case .subscribe(let isWhole): thread.open(model.subscription, isWhole: isWhole)
        case nil: break
        }
    }

    private func heedSignals() {
        signals.clear()
        let seen = SessionSignals.take()
        if seen.contains(.end) { isOver = true }
        if seen.contains(.suspend), !isOver { suspend() }
        if seen.contains(.resume) {
            // The shell had the terminal meanwhile.
            terminal.takeOver()
            redraw()
        }
        if seen.contains(.resize) { redraw() }
    }

    private func suspend() {
        flushRecording()
        terminal.leave()
        SessionSignals.stop()
        if SessionSignals.take().contains(.end) { isOver = true }
        terminal.takeOver()
        redraw()
    }

    private func redraw() {
        model.resize(to: terminal.size)
        renderer.forget()
        isStale = true
        nextFrame = .now()
    }
}
