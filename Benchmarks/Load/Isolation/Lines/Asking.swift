/// Lines of clients that ask over HTTP: listings, polls, figures.
internal import Primitives

struct Listings: IsolationLine {
    let name = "listing"
    let about = "600 pipelined GET /topics?match=*/x/y, again when all are answered"

    func act(_ strangers: Strangers) throws {
        let requests = Array((0..<600).map { _ in HTTPText.get("/topics?match=*/x/y") }.joined())
        var stranger = try strangers.connect()
        while strangers.goesOn { try strangers.ask(requests, on: &stranger, answers: 600) }
        strangers.count("answers", strangers.sum.answers)
    }
}

struct PollPages: IsolationLine {
    let name = "poll"
    let about = "/poll?topics=** paged through with the cursor from nothing to live, one page after the other"

    func act(_ strangers: Strangers) throws {
        var stranger = try strangers.connect()
        var cursor = ""
        while strangers.goesOn {
            guard try strangers.ask(HTTPText.get("/poll?topics=**&wait=0\(cursor)"), on: &stranger),
                let answer = stranger.lastAnswer, answer.status == 200
            else { continue }
            strangers.count("pages")
            // A page that is not full is the last one.
            let isLast = answer.contentByteCount < 512 * 1024
            if isLast { strangers.count("times to live") }
            cursor = isLast ? "" : "&cursor=" + answer.tag.dropFirst().dropLast()
        }
    }
}

struct DeepListings: IsolationLine {
    let name = "deeplisting"
    let about =
        "pipelined listings from the middle: of */*/*/*, which nothing matches, and of one topic of **"

    func act(_ strangers: Strangers) throws {
        let count = strangers.topicCount
        let requests = (0..<100).flatMap { number in
            HTTPText.get("/topics?match=*/*/*/*&after=\(TopicField.name(number * count / 100))")
                + HTTPText.get("/topics?match=**&limit=1&after=\(TopicField.name(count - 1 - number))")
        }
        var stranger = try strangers.connect()
        while strangers.goesOn { try strangers.ask(requests, on: &stranger, answers: 200) }
        strangers.count("answers", strangers.sum.answers)
    }
}

struct OldPolls: IsolationLine {
    let name = "oldpolls"
    let about = "100 connections pipeline polls of ** with a cursor from before all topics"

    private var cursor = ""

    mutating func arrive(_ strangers: Strangers) throws {
        var stranger = try strangers.connect()
        try strangers.ask(HTTPText.get("/poll?topics=no/such&wait=0"), on: &stranger)
        cursor = String((stranger.lastAnswer?.tag ?? "").dropFirst().dropLast())
        strangers.leave(stranger)
    }

    func act(_ strangers: Strangers) throws {
        let poll = HTTPText.get("/poll?topics=**&wait=0&cursor=\(cursor)")
        try strangers.flood(strangers.connect(100)) { poll }
        strangers.count("pages", strangers.sum.answers)
    }
}

struct UnreadListings: IsolationLine {
    let name = "unread"
    let about = "200 connections ask for listings and polls of ** without end, and read none"

    func act(_ strangers: Strangers) throws {
        let questions =
            HTTPText.get("/topics?match=**&limit=10000") + HTTPText.get("/poll?topics=**&wait=0")
        let crowd = try strangers.connect(200)
        for stranger in crowd { strangers.setDeaf(stranger, true) }
        try strangers.flood(crowd) {
            strangers.count("questions", 2)
            return questions
        }
    }
}

struct Pipeline: IsolationLine {
    let name = "pipeline"
    let about = "eight connections pipeline small requests as fast as they are taken"

    func act(_ strangers: Strangers) throws {
        let requests = Array(
            (0..<200).map { HTTPText.get($0 % 2 == 0 ? "/healthz" : "/topics/\(TopicField.name($0))") }
                .joined())
        try strangers.flood(strangers.connect(8)) {
            requests
        }
        strangers.count("answers", strangers.sum.answers)
    }
}

struct Figures: IsolationLine {
    let name = "figures"
    let about =
        "four connections pipeline /connections, /metrics and /stats, while 2,000 readers are connected"

    mutating func prepare(_ strangers: Strangers) throws {
        _ = try strangers.readers(2000, of: "group1/*")
    }

    func act(_ strangers: Strangers) throws {
        let before = strangers.sum.answers
        let requests = Array(
            (0..<10).map { _ in
                HTTPText.get("/connections?limit=10000") + HTTPText.get("/metrics") + HTTPText.get("/stats")
            }.joined())
        try strangers.flood(strangers.connect(4)) {
            requests
        }
        strangers.count("answers", strangers.sum.answers - before)
    }
}
