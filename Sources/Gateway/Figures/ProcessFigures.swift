/// The kernel's figures of this process.
internal import Glibc

package struct ProcessFigures: Sendable {
    /// Seconds on processors, in the program and in the kernel.
    package var processorSeconds = 0.0
    package var residentBytes = 0
    package var openDescriptors = 0

    /// A figure that cannot be read stays 0: nobody is refused the others for it.
    package static func now() -> ProcessFigures {
        var figures = ProcessFigures()
        var usage = rusage()
        if getrusage(RUSAGE_SELF.rawValue, &usage) == 0 {
            for time in [usage.ru_utime, usage.ru_stime] {
                figures.processorSeconds += Double(time.tv_sec) + Double(time.tv_usec) / 1e6
            }
        }
        // Pages: in all, resident, … (proc(5)).
        let pages = (KernelFile.text("/proc/self/statm") ?? "").split(separator: " ")
        if pages.count > 1 { figures.residentBytes = (Int(pages[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE)) }
        figures.openDescriptors = openDescriptorCount
        return figures
    }

    /// The folder's size is their number since Linux 6.2; before that it is 0, and they are counted one by one.
    private static var openDescriptorCount: Int {
        var status = stat()
        if stat("/proc/self/fd", &status) == 0, status.st_size > 0 { return Int(status.st_size) }
        guard let listing = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(listing) }
        // ".", ".." and the listing itself.
        var count = -3
        while readdir(listing) != nil { count += 1 }
        return max(count, 0)
    }
}
