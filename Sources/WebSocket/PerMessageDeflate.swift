internal import Primitives

/// The agreement to compress messages (RFC 7692 §7): plain field values in, plain field value out.
package enum PerMessageDeflate {
    /// What this endpoint would like. The agreement follows it as far as the peer's offer allows.
    package struct Preferences: Equatable, Sendable {
        /// Compress each message on its own: one compressor then serves all connections.
        package var serverNoContextTakeover: Bool
        /// Have the client compress each message on its own: no history is then kept for it.
        package var clientNoContextTakeover: Bool
        /// The largest window of the server's compressor, 8 to 15.
        package var serverMaxWindowBits: Int
        /// The largest window asked of the client's compressor, 8 to 15. A client that does not offer this parameter
        /// uses 15.
        package var clientMaxWindowBits: Int

        package init(
            serverNoContextTakeover: Bool = true, clientNoContextTakeover: Bool = true,
            serverMaxWindowBits: Int = 15, clientMaxWindowBits: Int = 15
        ) {
            precondition((8...15).contains(serverMaxWindowBits) && (8...15).contains(clientMaxWindowBits))
            self.serverNoContextTakeover = serverNoContextTakeover
            self.clientNoContextTakeover = clientNoContextTakeover
            self.serverMaxWindowBits = serverMaxWindowBits
            self.clientMaxWindowBits = clientMaxWindowBits
        }
    }

    /// What both ends do from now on.
    package struct Agreement: Equatable, Sendable {
        /// The value of the response's `Sec-WebSocket-Extensions`.
        package var responseValue: [UInt8]
        package var serverNoContextTakeover: Bool
        package var clientNoContextTakeover: Bool
        package var serverMaxWindowBits: Int
        package var clientMaxWindowBits: Int

        package init(
            responseValue: [UInt8] = [], serverNoContextTakeover: Bool = false,
            clientNoContextTakeover: Bool = false, serverMaxWindowBits: Int = 15,
            clientMaxWindowBits: Int = 15
        ) {
            self.responseValue = responseValue
            self.serverNoContextTakeover = serverNoContextTakeover
            self.clientNoContextTakeover = clientNoContextTakeover
            self.serverMaxWindowBits = serverMaxWindowBits
            self.clientMaxWindowBits = clientMaxWindowBits
        }
    }

    /// Accepts the first acceptable offer; nil without one.
    ///
    /// - Parameter offers: the values of the request's `Sec-WebSocket-Extensions` fields.
    package static func negotiate(offers: [[UInt8]], preferences: Preferences) -> Agreement? {
        for element in ExtensionList.elements(of: offers) {
            if let offer = Parameters(element, isOffer: true) { return agree(to: offer, preferences) }
        }
        return nil
    }

    /// The value of a client's `Sec-WebSocket-Extensions`: any window, and no history where the preferences want
    /// none.
    package static func offerValue(preferences: Preferences) -> [UInt8] {
        var value = "permessage-deflate"
        if preferences.serverNoContextTakeover { value += "; server_no_context_takeover" }
        if preferences.clientNoContextTakeover { value += "; client_no_context_takeover" }
        if preferences.serverMaxWindowBits < 15 {
            value += "; server_max_window_bits=\(preferences.serverMaxWindowBits)"
        }
        value += "; client_max_window_bits"
        if preferences.clientMaxWindowBits < 15 { value += "=\(preferences.clientMaxWindowBits)" }
        return Array(value.utf8)
    }

    /// What a server's response agreed to. Nil if it does not answer `offerValue`: the connection must then fail,
    /// unless `responses` is empty (RFC 7692 §7.1).
    package static func agreement(from responses: [[UInt8]], to preferences: Preferences) -> Agreement? {
        let elements = ExtensionList.elements(of: responses)
        guard let only = elements.first, elements.count == 1, let answer = Parameters(only, isOffer: false)
        else { return nil }
        var agreement = Agreement(responseValue: responses.first ?? [])
        agreement.serverNoContextTakeover = answer.serverNoContextTakeover
        agreement.clientNoContextTakeover =
            answer.clientNoContextTakeover || preferences.clientNoContextTakeover
        agreement.serverMaxWindowBits = answer.serverMaxWindowBits ?? 15
        agreement.clientMaxWindowBits = min(answer.clientMaxWindowBits ?? 15, preferences.clientMaxWindowBits)
        guard agreement.serverMaxWindowBits <= preferences.serverMaxWindowBits else { return nil }
        guard agreement.serverNoContextTakeover || !preferences.serverNoContextTakeover else { return nil }
        return agreement
    }

    /// Grants each demand of the offer, and fills the rest by preference. It mentions the client's window only if the
    /// client did (RFC 7692 §7.1.2.2).
    private static func agree(to offer: Parameters, _ preferences: Preferences) -> Agreement {
        var agreement = Agreement()
        agreement.serverNoContextTakeover =
            offer.serverNoContextTakeover || preferences.serverNoContextTakeover
        agreement.clientNoContextTakeover =
            offer.clientNoContextTakeover || preferences.clientNoContextTakeover
        agreement.serverMaxWindowBits = min(offer.serverMaxWindowBits ?? 15, preferences.serverMaxWindowBits)
        if offer.namesClientWindow {
            agreement.clientMaxWindowBits = min(
                offer.clientMaxWindowBits ?? 15, preferences.clientMaxWindowBits)
        }
        var value = "permessage-deflate"
        if agreement.serverNoContextTakeover { value += "; server_no_context_takeover" }
        if agreement.clientNoContextTakeover { value += "; client_no_context_takeover" }
        if offer.serverMaxWindowBits != nil || agreement.serverMaxWindowBits < 15 {
            value += "; server_max_window_bits=\(agreement.serverMaxWindowBits)"
        }
        if offer.clientMaxWindowBits != nil || agreement.clientMaxWindowBits < 15 {
            value += "; client_max_window_bits=\(agreement.clientMaxWindowBits)"
        }
        agreement.responseValue = Array(value.utf8)
        return agreement
    }
}

/// The parameters of one offer or response, each at most once and well formed (RFC 7692 §7.1).
private struct Parameters {
    private(set) var serverNoContextTakeover = false
    private(set) var clientNoContextTakeover = false
    private(set) var serverMaxWindowBits: Int?
    private(set) var clientMaxWindowBits: Int?
    /// `client_max_window_bits` is present, with or without a value.
    private(set) var namesClientWindow = false

    /// Nil for another extension, and for an offer with an unknown, repeated or malformed parameter, which must be
    /// declined.
    init?(_ element: ExtensionElement, isOffer: Bool) {
        guard ASCII.equalIgnoringCase(element.name.span, "permessage-deflate") else { return nil }
        for parameter in element.parameters {
            guard take(parameter, isOffer: isOffer) else { return nil }
        }
    }

    private mutating func take(_ parameter: ExtensionElement.Parameter, isOffer: Bool) -> Bool {
        let name = parameter.name.span
        if name.equals("server_no_context_takeover") {
            guard !serverNoContextTakeover, parameter.value == nil else { return false }
            serverNoContextTakeover = true
        } else if name.equals("client_no_context_takeover") {
            guard !clientNoContextTakeover, parameter.value == nil else { return false }
            clientNoContextTakeover = true
        } else if name.equals("server_max_window_bits") {
            guard serverMaxWindowBits == nil, let bits = Self.windowBits(parameter.value) else {
                return false
            }
            serverMaxWindowBits = bits
        } else if name.equals("client_max_window_bits") {
            guard !namesClientWindow else { return false }
            namesClientWindow = true
            if isOffer, parameter.value == nil { return true }
            guard let bits = Self.windowBits(parameter.value) else { return false }
            clientMaxWindowBits = bits
        } else {
            return false
        }
        return true
    }

    /// 8 to 15 in decimal, no leading zero (RFC 7692 §7.1.2).
    private static func windowBits(_ value: [UInt8]?) -> Int? {
        guard let value, let first = value.first, first != ASCII.zero, let bits = value.span.decimal,
            (8...15).contains(bits)
        else { return nil }
        return Int(bits)
    }
}
