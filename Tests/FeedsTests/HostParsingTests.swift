import Primitives
import Testing

@testable import Feeds

@Suite struct HostParsingTests {
    // MARK: /proc/stat

    static let stat = """
        cpu  7959 10 4421 378920 1443 7 80 1392 3 0
        cpu0 2693 0 1867 191696 71 0 14 713 0 0
        cpu3 5266 10 2554 187224 1371 7 65 678 3 0
        intr 176771 0 0 0 0
        ctxt 289357
        procs_running 2
        procs_blocked 1
        softirq 150553 0 26657

        """

    @Test func readsProcessorTimes() {
        let sample = CPUSample(Array(Self.stat.utf8).span)
        #expect(
            sample.total == CPUTimes(user: 7969, system: 4508, idle: 378920, ioWait: 1443, steal: 1392))
        #expect(sample.processors.map(\.number) == [0, 3])
        #expect(sample.processors[1].times.ioWait == 1371)
        #expect(sample.runningProcessCount == 2)
        #expect(sample.blockedProcessCount == 1)
    }

    @Test func readsAnOldKernelsShortLinesAndGarbage() {
        let sample = CPUSample(Array("cpu 1 2 3 4\ncpux 1\ncpufreq 9\n\nprocs_running".utf8).span)
        #expect(sample.total == CPUTimes(user: 3, system: 3, idle: 4))
        #expect(sample.processors.isEmpty)
        let empty = CPUSample([UInt8]().span)
        #expect(empty.total == nil)
    }

    @Test func sharesAddUpToAHundred() throws {
        let before = CPUTimes(user: 100, system: 50, idle: 1000, ioWait: 10, steal: 5)
        let after = CPUTimes(user: 130, system: 60, idle: 1050, ioWait: 15, steal: 10)
        let shares = try #require(after.shares(since: before))
        #expect(shares == CPUShares(user: 30, system: 10, idle: 50, ioWait: 5, steal: 5))
        #expect(shares.busy == 45)
    }

    @Test func timeTakenBackIsNoTime() throws {
        let before = CPUTimes(user: 100, idle: 1000, ioWait: 10)
        let after = CPUTimes(user: 110, idle: 1010, ioWait: 9)
        #expect(try #require(after.shares(since: before)).ioWait == 0)
        #expect(before.shares(since: before) == nil)
    }

    // MARK: /proc/meminfo

    @Test func readsMemory() {
        let text = """
            MemTotal:       24684092 kB
            MemFree:        24005636 kB
            MemAvailable:   24362092 kB
            Buffers:            1592 kB
            Cached:           546720 kB
            SwapCached:            7 kB
            SReclaimable:      51604 kB
            SwapTotal:       2097148 kB
            SwapFree:        1048574 kB
            HugePages_Total:       0
            """
        let memory = MemoryUse(Array(text.utf8).span)
        #expect(memory.total == 25_276_510_208)
        #expect(memory.used == (24_684_092 - 24_362_092) * 1024)
        #expect(memory.buffersAndCache == (1592 + 546_720 + 51_604) * 1024)
        #expect(memory.swapUsedPercent == 50)
    }

    @Test func estimatesWhatAnOldKernelDoesNotSay() {
        let text = "MemTotal: 100 kB\nMemFree: 10 kB\nBuffers: 5 kB\nCached: 20 kB\nOdd\nMemX: y kB\n"
        let memory = MemoryUse(Array(text.utf8).span)
        #expect(memory.available == 35 * 1024)
        #expect(memory.used == 65 * 1024)
        #expect(memory.swapUsedPercent == 0)
    }

    // MARK: /proc/loadavg, /proc/uptime

    @Test func readsLoadAndUptime() throws {
        func load(_ text: String) -> LoadAverage? { LoadAverage(Array(text.utf8).span) }
        func uptime(_ text: String) -> Uptime? { Uptime(Array(text.utf8).span) }
        let busy = try #require(load("0.12 0.11 10.03 1/86 4966\n"))
        #expect(busy.averages == [0.12, 0.11, 10.03])
        #expect(busy.running == 1 && busy.threads == 86)
        #expect(load("0.12 0.11\n") == nil)
        #expect(load("a b c 1/2 3\n") == nil)
        #expect(try #require(uptime("1971.05 3789.21\n")).idleSeconds == 3789.21)
        #expect(uptime("") == nil)
    }

    // MARK: /proc/diskstats

    @Test func readsDisks() throws {
        let text = """
               7       0 loop0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
             254       0 vda 32322 8589 8333522 40060 10702 8496 1786984 5696 0 17392 46327 2316 0 429008 453 1605 117
             104       0 cciss/c0d0 1 0 8 1 2 0 16 1 0 5 6
               8       1 sda1 1 2 3 4
            """
        let disks = DiskCounters.all(Array(text.utf8).span)
        #expect(disks.map(\.name) == ["vda", "cciss/c0d0"])
        #expect(disks[0].readBytes == 8_333_522 * 512)
        #expect(disks[0].writtenBytes == 1_786_984 * 512)
        #expect(disks[0].busyMilliseconds == 17392)
    }

    @Test func ratesOfADisk() throws {
        let before = DiskCounters(
            name: "a", readCount: 1, readBytes: 512, writeCount: 5, writtenBytes: 0, busyMilliseconds: 0)
        var after = before
        after.readCount = 3
        after.readBytes = 1536
        after.busyMilliseconds = 500
        let rates = try #require(after.rates(since: before, over: .seconds(2)))
        #expect(
            rates == DiskRates(readBytes: 512, writtenBytes: 0, reads: 1, writes: 0, busyPercent: 25))
        #expect(before.rates(since: after, over: .seconds(2)) == nil)
        #expect(after.rates(since: before, over: .zero) == nil)
    }

    // MARK: /proc/net/dev

    @Test func readsInterfaces() {
        let text = """
            Inter-|   Receive                                                |  Transmit
             face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo
                lo:    3193      29    0    0    0     0          0         0     3193      29    0    0 0 0 0 0
              eth0:142885905    2649    1    2    0     0          0         0   103268    1410    3    4 0 0 0 0
            eth0:1: 5 6 7 8 0 0 0 0 9 10 11 12 0 0 0 0
              bad: 1 2 3
            """
        let interfaces = NetworkCounters.all(Array(text.utf8).span)
        #expect(interfaces.map(\.name) == ["lo", "eth0", "eth0:1"])
        #expect(interfaces[1].received == NetworkFlow(bytes: 142_885_905, packets: 2649, errors: 1, drops: 2))
        #expect(interfaces[1].transmitted == NetworkFlow(bytes: 103_268, packets: 1410, errors: 3, drops: 4))
    }

    // MARK: /proc/self/mounts

    @Test func choosesRealFileSystems() {
        let text = #"""
            proc /proc proc rw 0 0
            tmpfs /dev/shm tmpfs rw 0 0
            /dev/vda / ext4 rw,relatime 0 0
            /dev/sdb1 /mnt/big\040disk xfs rw 0 0
            /dev/sdc1 /root ext4 rw 0 0
            /dev/sdd1 /mnt/a,b ext4 rw 0 0
            /dev/sde1 /mnt/a*b ext4 rw 0 0
            /dev/sdf1 /mnt/caf\351\040x vfat rw 0 0
            /dev/loop3 /snap/core/1 squashfs ro 0 0
            server:/x /net nfs4 rw 0 0
            me@server: /ssh fuse.sshfs rw 0 0
            /dev/vda /var/lib/docker ext4 rw 0 0
            tank/home /home zfs rw 0 0
            /dev/vdz /etc/hosts ext4 rw 0 0
            """#
        let mounts = Mount.real(Array(text.utf8).span, isFolder: { $0 != Array("/etc/hosts".utf8) })
        #expect(
            mounts.map(\.topic) == [
                "root", "home", "mnt/a%2Ab", "mnt/a%2Cb", "mnt/big%20disk",
                "mnt/caf%E9%20x", "root-2",
            ])
        #expect(mounts[4].path == Array("/mnt/big disk".utf8))
        #expect(mounts[5].path == Array("/mnt/caf".utf8) + [0xE9] + Array(" x".utf8))
    }

    @Test func showsTheRootOfAContainer() {
        let mounts = Mount.real(Array("overlay / overlay rw 0 0\nrootfs / rootfs rw 0 0\n".utf8).span)
        #expect(mounts == [Mount(path: [UInt8(ascii: "/")], topic: "root")])
    }

    @Test func diskUseIsThatOfDF() {
        let use = DiskUse(blockByteCount: 1024, blocks: 1000, free: 300, available: 250)
        #expect(use.used == 700 * 1024)
        #expect(abs(use.usedPercent - 700.0 / 950 * 100) < 1e-9)
    }
}
