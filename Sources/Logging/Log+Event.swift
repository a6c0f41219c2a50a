/// All that the gateway logs, each written down once: its words, its level, its fields. docs/logging.md says what they mean
/// and what to do.

extension Log {
    public enum Event: String, Sendable, CaseIterable {
        // Starting and ending.
        case listening
        case addressSkipped = "an address was skipped"
        case variablesPassedOver = "variables of Kubernetes services were passed over"
        case openToAll =
            "strangers may publish: access.anonymous lets them"
        case draining
        case ended
        case endedAtOnce = "ended at once by a second signal"

        // What is kept.
        case stateRestored = "the state was restored"
        case restoring = "restoring the state"
        case journalNoted = "something is odd about the journal"
        case diskFull = "the journal's disk is full: nothing is published"
        case diskHasRoom = "the journal's disk has room again"
        case journalFailed = "the journal has failed: nothing is published any more"
        case snapshotFailed = "a snapshot could not be written"

        // The cluster.
        case clusterJoined = "the cluster's log was loaded"
        case clusterContinued = "the cluster's log goes on in another epoch"
        case clusterAway = "the cluster's log is lost: readers are told, and publishers wait"
        case clusterBack = "the cluster's log is there again"
        case clusterRefuses = "the cluster's log takes nothing"
        case clusterTakesAgain = "the cluster's log takes updates again"
        case clusterUnusable = "this node can't take part in its cluster"
        case ticketsRefused = "the cluster's server refuses tickets"
        case nodeNameTaken =
            "another process has this node's name: each node of a cluster needs its own"
        case feedIsHere = "a feed that runs on one node runs on this one"
        case feedIsElsewhere = "a feed that runs on one node does not run on this one"
        case checkpointMade = "a checkpoint was made"
        case checkpointFailed = "a checkpoint could not be made"

        // Settings.
        case listensElsewhere = "listening elsewhere"
        case settingsTaken = "the settings were read anew"
        case settingsRefused = "the settings were refused, the old ones stay"

        // Loops.
        case loopStopped = "a loop stopped"
        case listenersUnwatched = "the listeners can't be watched"
        case memoryShort = "the memory for clients is used up"

        // Connections.
        case turnedAway = "a connection was turned away"
        case readerStalled = "a reader takes nothing"
        case readerDead = "a dead reader was closed"
        case limitHit = "a limit was hit"
        case cursorReset = "a cursor was reset"
        case readerBehind = "a reader fell behind a log"
        case hostRefused = "a request for another host was refused"
        case originRefused = "a page of another origin was refused"
        case credentialRefused = "a credential was refused"
        case backendFailed = "the backend gave no answer"
        case keysTaken = "an issuer's keys were fetched"
        case keysNotFetched = "an issuer's keys could not be fetched"
        case refused

        // TLS.
        case handshakeFailed = "a TLS handshake failed"
        case certificatesTaken = "changed certificates were taken"
        case certificatesRefused = "changed certificates were refused, the old ones stay"
        case certificateEnds = "a certificate ends soon"

        // Feeds.
        case feedStarted = "feed started"
        case feedFailed = "a feed failed and will be tried again"
        case feedSkipped = "a feed skipped what it can't use"
        case feedRefused = "a feed's updates were refused"
        case feedEnded = "feed ended"
        case feedStopped = "feed stopped"
        case feedHangs = "a feed that was stopped hangs"

        // The log itself.
        case linesDropped = "log lines were dropped"

        @inlinable public var level: Level {
            switch self {
            case .refused, .checkpointMade: .debug
            case .listening, .addressSkipped, .variablesPassedOver, .draining, .ended: .info
            case .feedStarted, .feedEnded, .feedStopped: .info
            case .readerStalled, .readerDead, .limitHit, .cursorReset, .readerBehind: .info
            case .hostRefused, .originRefused, .credentialRefused, .handshakeFailed, .certificatesTaken: .info
            case .settingsTaken, .listensElsewhere, .keysTaken: .info
            case .stateRestored, .restoring, .diskHasRoom: .info
            case .clusterJoined, .clusterContinued, .clusterBack, .clusterTakesAgain: .info
            case .feedIsHere, .feedIsElsewhere: .info
            case .journalNoted, .snapshotFailed, .clusterAway, .checkpointFailed: .warning
            case .diskFull, .journalFailed, .clusterRefuses, .clusterUnusable, .nodeNameTaken: .error
            case .ticketsRefused: .error
            case .openToAll, .endedAtOnce, .turnedAway, .memoryShort, .feedFailed, .backendFailed: .warning
            case .feedSkipped, .feedHangs, .linesDropped, .certificateEnds, .keysNotFetched: .warning
            case .settingsRefused, .certificatesRefused, .loopStopped, .listenersUnwatched,
                .feedRefused:
                .error
            }
        }

        /// The names of all its fields, of which some may be left out.
        package var fields: [String] {
            switch self {
            case .listening: ["address", "threads", "openFileLimit", "version", "config"]
            case .addressSkipped: ["address", "reason"]
            case .variablesPassedOver: ["names"]
            case .draining: ["by"]
            case .openToAll, .ended, .endedAtOnce: []
            case .loopStopped, .listenersUnwatched: ["reason"]
            case .turnedAway: ["peer", "reason", "suppressed"]
            case .memoryShort: ["bytes", "limit", "suppressed"]
            case .readerStalled:
                ["peer", "transport", "seconds", "bytesPending", "conflated", "suppressed"]
            case .readerDead:
                ["peer", "reason", "transport", "seconds", "bytesPending", "conflated", "suppressed"]
            case .limitHit: ["peer", "code", "detail", "suppressed"]
            case .cursorReset: ["peer", "suppressed"]
            case .readerBehind: ["peer", "topic", "next", "missed", "suppressed"]
            case .hostRefused: ["peer", "host", "suppressed"]
            case .originRefused: ["peer", "origin", "suppressed"]
            case .credentialRefused, .backendFailed: ["peer", "reason", "suppressed"]
            case .keysTaken: ["url", "keys"]
            case .keysNotFetched: ["url", "reason", "afterSeconds"]
            case .refused: ["peer", "code", "detail"]
            case .handshakeFailed: ["peer", "reason", "detail", "suppressed"]
            case .stateRestored: ["topics", "entries", "milliseconds", "epoch", "cutBytes", "folder"]
            case .restoring: ["percent", "folder"]
            case .journalNoted, .diskFull, .journalFailed, .snapshotFailed: ["reason"]
            case .clusterJoined: ["epoch", "position", "topics"]
            case .clusterContinued: ["epoch"]
            case .clusterAway, .clusterRefuses, .clusterUnusable, .ticketsRefused, .checkpointFailed:
                ["reason"]
            case .clusterBack, .clusterTakesAgain, .diskHasRoom: []
            case .nodeNameTaken: ["node", "address", "process"]
            case .feedIsHere: ["feed"]
            case .feedIsElsewhere: ["feed", "node"]
            case .checkpointMade: ["position", "bytes"]
            case .listensElsewhere: ["address"]
            case .settingsTaken: ["changed", "restart"]
            case .settingsRefused: ["reason"]
            case .certificatesTaken: ["certificate"]
            case .certificatesRefused: ["reason"]
            case .certificateEnds: ["certificate", "days"]
            case .feedStarted, .feedStopped, .feedHangs: ["feed"]
            case .feedFailed: ["feed", "reason", "afterSeconds"]
            case .feedSkipped, .feedRefused, .feedEnded: ["feed", "reason", "skipped"]
            case .linesDropped: ["count"]
            }
        }
    }
}
