import Primitives
import Settings
import Testing

@testable import Broker
@testable import Feeds

@Suite struct HostFeedTests {
    private func feed(_ text: String) throws -> HostFeed {
        var section = try settings(text)
        let feed = try HostFeed(
            origin: FeedOrigin(name: "host", baseDirectory: "."), settings: &section)
        try section.finish()
        return feed
    }

    @Test func showsThisMachine() throws {
        let feed = try feed("{}")
        let (first, second) = try feed.produced(at: zero)
        let topics = Set(first.map(\.topic))
        #expect(
            topics.isSuperset(of: ["host/load", "host/memory", "host/swap", "host/uptime", "host/processes"]))
        #expect(!topics.contains("host/cpu/total"))
        #expect(second == zero + .milliseconds(250))
        let memory = try #require(first.first { $0.topic == "host/memory" })
        #expect(try memory.number("usedBytes") < memory.number("totalBytes"))
        let again = try feed.produced(at: zero + .milliseconds(250)).updates
        #expect(again.contains { $0.topic == "host/net/lo" })
    }

    @Test func keepsToWholeIntervalsAndSkipsWhatItMissed() throws {
        let feed = try feed(#"{"interval":2,"metrics":["load"]}"#)
        #expect(try feed.produced(at: zero).next == zero + .milliseconds(250))
        #expect(try feed.produced(at: zero + .milliseconds(251)).next == zero + .seconds(2))
        #expect(try feed.produced(at: zero + .seconds(2)).next == zero + .seconds(4))
        #expect(try feed.produced(at: zero + .seconds(61)).next == zero + .seconds(62))
    }

    @Test func aShortIntervalNeedsNoEarlySecondReading() throws {
        let feed = try feed(#"{"interval":0.1,"prefix":"m/web-1","metrics":["load"]}"#)
        let (updates, next) = try feed.produced(at: zero)
        #expect(updates.map(\.topic) == ["m/web-1/load"])
        #expect(next == zero + .milliseconds(100))
    }

    @Test func aLongPrefixLeavesNothingOut() throws {
        let prefix = String(repeating: "p", count: 250)
        let feed = try feed(#"{"prefix":"\#(prefix)","metrics":["memory","swap","uptime","load"]}"#)
        let topics = try feed.produced(at: zero).updates.map(\.topic)
        #expect(Set(topics).count == 4 && topics.allSatisfy { $0.utf8.count <= 256 })
    }

    @Test(arguments: [
        (
            #"{"metrics":["cpus"]}"#,
            #"config.json:1: metrics: there is no metric "cpus"; known are cpu, load, memory, swap, disk, diskio, net, uptime, processes"#
        ),
        (
            #"{"interval":0}"#,
            "config.json:1: interval: found 0 (a number), a number of seconds from 0.1 to 3600 is wanted"
        ),
        (#"{"prefix":"a//b"}"#, #"config.json:1: prefix: "a//b" is no topic here: it has an empty segment"#),
    ]) func refusesBadSettings(text: String, message: String) {
        #expect(failure { _ = try feed(text) } == message)
    }

    // MARK: Two readings

    @Test func twoReadingsMakeRates() throws {
        var before = HostReading(moment: zero)
        before.cpu = CPUSample(Array("cpu 0 0 0 0\ncpu0 0 0 0 0\ncpu1 0 0 0 0\n".utf8).span)
        before.interfaces = NetworkCounters.all(
            Array("eth0: 100 1 0 0 0 0 0 0 200 2 0 0 0 0 0 0\nnew0: 9 9 0 0 0 0 0 0 9 9 0 0 0 0 0 0".utf8)
                .span)
        before.devices = DiskCounters.all(Array("8 0 sda 1 0 2 0 3 0 4 0 0 10 0".utf8).span)
        var after = HostReading(moment: zero + .seconds(2))
        after.cpu = CPUSample(Array("cpu 10 0 10 60 20\ncpu1 1 0 0 1\ncpu9 1 0 0 0\n".utf8).span)
        after.interfaces = NetworkCounters.all(
            Array("eth0: 300 5 1 0 0 0 0 0 200 2 0 3 0 0 0 0\nnew0: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0".utf8)
                .span)
        after.devices = DiskCounters.all(Array("8 0 sda 3 0 6 0 3 0 4 0 0 1010 0".utf8).span)
        var report = HostReport(prefix: "host", metrics: Set(HostMetric.allCases))
        var batch = UpdateBatch()
        report.appendRates(from: before, to: after, into: &batch)
        #expect(
            try read(batch) == [
                ReadUpdate(
                    topic: "host/cpu/total",
                    data:
                        #"{"userPercent":10.00,"systemPercent":10.00,"iowaitPercent":20.00,"stealPercent":0.00,"idlePercent":60.00,"busyPercent":20.00}"#
                ),
                ReadUpdate(
                    topic: "host/cpu/1",
                    data:
                        #"{"userPercent":50.00,"systemPercent":0.00,"iowaitPercent":0.00,"stealPercent":0.00,"idlePercent":50.00,"busyPercent":50.00}"#
                ),
                ReadUpdate(
                    topic: "host/diskio/sda",
                    data:
                        #"{"readBytesPerSecond":1024.00,"writtenBytesPerSecond":0.00,"readsPerSecond":1.00,"writesPerSecond":0.00,"busyPercent":50.00}"#
                ),
                ReadUpdate(
                    topic: "host/net/eth0",
                    data:
                        #"{"receivedBytes":300,"transmittedBytes":200,"receivedBytesPerSecond":100.00,"transmittedBytesPerSecond":0.00,"receivedPackets":5,"transmittedPackets":2,"receivedPacketsPerSecond":2.00,"transmittedPacketsPerSecond":0.00,"receiveErrors":1,"transmitErrors":0,"receiveDrops":0,"transmitDrops":3}"#
                ),
            ])
    }
}
