/// The certificates of all endpoints as they were last read, and what the loops are given of them.
internal import Primitives
internal import Transport

struct EndpointCertificates: Sendable {
    private let endpoints: [Endpoint]
    /// By the endpoint's place; none for a plain one.
    private var certificates: [[Certificate]]
    /// By the endpoint's place; nil where clients need not show any.
    private var clients: [ClientAuthorities?]

    /// Fails where one could not be used.
    init(reading endpoints: [Endpoint], at time: UnixTime) throws(CertificateFailure) {
        self.endpoints = endpoints
        certificates = []
        clients = []
        for endpoint in endpoints {
            let (own, clients) = try Self.read(endpoint, at: time)
            certificates.append(own)
            self.clients.append(clients)
        }
    }

    /// Reads those of one endpoint again. Where one of them can't be used, all stay as they were.
    mutating func read(endpointAt place: Int, at time: UnixTime) throws(CertificateFailure) {
        (certificates[place], clients[place]) = try Self.read(endpoints[place], at: time)
    }

    private static func read(_ endpoint: Endpoint, at time: UnixTime) throws(CertificateFailure)
        -> (own: [Certificate], clients: ClientAuthorities?)
    {
        guard let tls = endpoint.tls else { return ([], nil) }
        var certificates: [Certificate] = []
        for files in tls.certificates { certificates.append(try Certificate(reading: files, at: time)) }
        // Some faults show only here: a key that is too weak.
        let clients = try clients(of: tls)
        _ = try TLSContext(certificates, TicketKeys(), clients: clients)
        return (certificates, clients)
    }

    private static func clients(of tls: TLSSettings) throws(CertificateFailure) -> ClientAuthorities? {
        guard let file = tls.clientAuthorities else { return nil }
        return try ClientAuthorities(reading: file, isRequired: tls.wantsClientCertificate)
    }

    /// New contexts for one loop, by the addresses' identity. Those of an endpoint share one.
    func contexts(
        at addresses: [ListeningAddress], _ keys: TicketKeys
    ) throws(CertificateFailure) -> [Int: TLSContext] {
        var byPlace: [Int: TLSContext] = [:]
        var contexts: [Int: TLSContext] = [:]
        for address in addresses {
            if address.endpoint.tls != nil, byPlace[address.place] == nil {
                byPlace[address.place] = try TLSContext(
                    certificates[address.place], keys, clients: clients[address.place])
            }
            contexts[address.id] = byPlace[address.place]
        }
        return contexts
    }

    /// All that are in use.
    var all: [Certificate] { certificates.flatMap(\.self) }
    /// The places of the endpoints that have some.
    var places: [Int] { endpoints.indices.filter { endpoints[$0].tls != nil } }

    /// The files of an endpoint as they are on disk.
    func stamps(ofEndpointAt place: Int) -> [FileStamp?] {
        (endpoints[place].tls?.files ?? []).map { FileStamp($0) }
    }

    /// The files of an endpoint's certificates, for people.
    func names(ofEndpointAt place: Int) -> String {
        certificates[place].map(\.files.certificate).joined(separator: " ")
    }
}
