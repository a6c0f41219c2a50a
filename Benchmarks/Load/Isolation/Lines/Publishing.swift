/// Lines of clients that publish and end topics.
internal import Primitives

struct NewTopics: IsolationLine {
    let name = "newtopic"
    let about = "a new topic 20 times a second, and the first page of the ordered listing after each"

    func act(_ strangers: Strangers) throws {
        var stranger = try strangers.connect()
        var beat = Beat(20)
        var number = 0
        while strangers.goesOn {
            for _ in 0..<beat.due() {
                number += 1
                try strangers.ask(TopicField.publish(["new/\(number)"]), on: &stranger)
                if try strangers.ask(HTTPText.get("/topics?limit=10"), on: &stranger) {
                    strangers.count("topics and listings")
                }
            }
            try strangers.pump(for: .milliseconds(5))
        }
    }
}

struct Births: IsolationLine {
    let name = "births"
    let about = "four connections publish batches of 10,000 new topics, beside ten readers of **"

    mutating func prepare(_ strangers: Strangers) throws {
        _ = try strangers.readers(10, of: "**")
    }

    func act(_ strangers: Strangers) throws {
        var number = 0
        try strangers.flood(strangers.connect(4)) {
            number += 10_000
            strangers.count("batches")
            return TopicField.publish((number - 10_000..<number).lazy.map { "born/\($0)" })
        }
    }
}

struct Deaths: IsolationLine {
    let name = "deaths"
    let about = "batches of 10,000 topics ended and published again, beside ten readers of **"

    mutating func prepare(_ strangers: Strangers) throws {
        _ = try strangers.readers(10, of: "**")
    }

    func act(_ strangers: Strangers) throws {
        var stranger = try strangers.connect()
        var first = 0
        while strangers.goesOn {
            let names = (first..<first + 10_000).map(TopicField.name)
            for batch in [TopicField.end(names), TopicField.publish(names)]
            where try strangers.ask(batch, on: &stranger) {
                strangers.count("batches")
            }
            first = (first + 10_000) % strangers.topicCount
        }
    }
}

struct Trickle: IsolationLine {
    let name = "trickle"
    let about =
        "10,000 topics published as fast as they are taken; 20 readers of ** read a byte a second each"

    private var readers: [Stranger] = []

    mutating func prepare(_ strangers: Strangers) throws {
        readers = try strangers.readers(20, of: "**")
        for reader in readers { strangers.setDeaf(reader, true) }
    }

    func act(_ strangers: Strangers) throws {
        var publisher = try strangers.connect()
        let batch = TopicField.publish((0..<10_000).map(TopicField.name))
        var beat = Beat(1)
        while strangers.goesOn {
            if try strangers.ask(batch, on: &publisher) { strangers.count("batches") }
            for _ in 0..<beat.due() { for reader in readers { reader.readByte() } }
        }
    }
}

struct HalfBodies: IsolationLine {
    let name = "halfbodies"
    let about = "1,000 connections send the first 64 KiB of a body, and then a byte ten times a second"

    func act(_ strangers: Strangers) throws {
        let whole = HTTPText.post(
            "/publish", type: "application/json", Array(repeating: UInt8(ascii: "["), count: 1 << 20))
        var crowd = try strangers.connect(1000, Array(whole.prefix(64 * 1024)))
        strangers.count("bodies begun", crowd.count)
        var beat = Beat(10)
        while strangers.goesOn {
            try strangers.renewClosed(&crowd)
            for _ in 0..<beat.due() {
                for stranger in crowd where !stranger.hasUnsent {
                    strangers.send([whole[64 * 1024]], on: stranger)
                }
            }
            try strangers.pump(for: .milliseconds(10))
        }
    }
}

struct Values: IsolationLine {
    let name = "values"
    let about = "four connections publish arrays of 15 values of 64 KB, nested as deep as is allowed"

    func act(_ strangers: Strangers) throws {
        let nest = String(repeating: "[", count: 60) + String(repeating: "]", count: 60)
        let value = "[" + Array(repeating: nest, count: 530).joined(separator: ",") + "]"
        let updates = (0..<15).map { "{\"topic\":\"large/\($0)\",\"data\":\(value)}" }
        let body = "[" + updates.joined(separator: ",") + "]"
        let request = HTTPText.post("/publish", type: "application/json", Array(body.utf8))
        try strangers.flood(strangers.connect(4)) {
            request
        }
        strangers.count("batches", strangers.sum.answers)
    }
}
