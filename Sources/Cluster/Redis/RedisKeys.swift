/// The keys of a cluster: all in one slot, because of the braces.

struct RedisKeys {
    /// Where the log stands: a hash.
    let meta: String
    /// The records: a stream.
    let log: String
    /// What each node has appended: a hash.
    let writers: String
    /// Who makes the next checkpoint.
    let lock: String
    /// What each node says of itself: a hash.
    let nodes: String
    /// What keys of notes begin with: each has its name, and goes by itself.
    let ticketPrefix: String
    /// What keys of feeds that run on one node at a time begin with: each says which.
    let feedPrefix: String
    /// What keys of checkpoints begin with: each is a list of chunks.
    let checkpointPrefix: String

    init(_ prefix: String) {
        meta = "{\(prefix)}:meta"
        log = "{\(prefix)}:log"
        writers = "{\(prefix)}:writers"
        lock = "{\(prefix)}:lock"
        nodes = "{\(prefix)}:nodes"
        ticketPrefix = "{\(prefix)}:ticket:"
        feedPrefix = "{\(prefix)}:feed:"
        checkpointPrefix = "{\(prefix)}:checkpoint:"
    }

    func checkpoint(_ name: String) -> String { checkpointPrefix + name }
}
