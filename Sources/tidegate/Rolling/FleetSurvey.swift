/// The nodes of a cluster at one moment, each as it says itself.
internal import Client
internal import Primitives

/// A node, and where it is.
struct NodePlace {
    let name: String
    let url: GatewayURL
}

struct FleetSurvey {
    /// Entries of the log that a node may have still to apply: what comes in a moment under load.
    static let lagLimit = 100_000.0

    /// In the order of the places.
    let readings: [Result<NodeReading, ClientFailure>]
    let places: [NodePlace]
    let sample: FleetSample

    init(of places: [NodePlace]) {
        self.init(
            of: places,
            readings: places.map { place in
                Result { () throws(ClientFailure) in try NodeReading(of: place.url) }
            },
            at: Double(Instant.now().nanoseconds) / 1e9)
    }

    init(of places: [NodePlace], readings: [Result<NodeReading, ClientFailure>], at moment: Double) {
        self.places = places
        self.readings = readings
        let known = readings.compactMap { try? $0.get() }
        sample = FleetSample(
            moment: moment, streams: known.reduce(0) { $0 + $1.streams },
            opened: known.reduce(0) { $0 + $1.openedStreams })
    }

    /// The first reason not to go on; nil: all is well. One node may be away.
    func doubt(passingOver name: String? = nil) -> RollingDoubt? {
        var epoch: (of: String, String)?
        for (place, result) in zip(places, readings) where place.name != name {
            switch result {
            case .failure(let failure): return RollingDoubt("node \(place.name): \(failure)")
            case .success(let reading):
                if let reason = Self.fault(of: reading, at: place) {
                    return RollingDoubt("node \(place.name) \(reason)")
                }
                let other = epoch ?? (place.name, reading.epoch)
                guard other.1 == reading.epoch else {
                    return RollingDoubt(
                        "nodes \(other.of) and \(place.name) follow different epochs: \(other.1) and \(reading.epoch)"
                    )
                }
                epoch = other
            }
        }
        return nil
    }

    private static func fault(of reading: NodeReading, at place: NodePlace) -> String? {
        if reading.name.isEmpty { return "is no node of a cluster" }
        if reading.name != place.name { return "says that it is node \(reading.name)" }
        if let reason = reading.reason { return "is not ready: \(reason)" }
        if reading.lag > lagLimit { return "is \(Int(reading.lag)) entries behind" }
        return nil
    }
}

/// Why nothing more is restarted: a sentence without its full stop.
struct RollingDoubt: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
