/// What a gateway has done for it outside, on threads that may wait.
internal import Gateway
internal import Transport

/// Any thread.
struct Errands: Sendable {
    private let inquiries: BackendInquiries
    private let fetches: KeySetFetches

    init(for gateway: RunningGateway) {
        inquiries = BackendInquiries(at: gateway.backend)
        fetches = KeySetFetches(for: gateway)
    }

    /// Starts the threads that these settings need, and that are not there yet.
    func begin(by settings: AccessSettings) throws(SystemFailure) {
        try inquiries.begin(asking: settings.backend)
        try fetches.begin(fetching: settings.keySources)
    }
}
