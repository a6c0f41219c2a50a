/// The fields of an answer by which a browser lets a page of another origin read it (Fetch §3.2, "CORS").
internal import HTTP

extension ResponseFields {
    /// The page of `origin` may read the answer, and these fields of it besides the harmless ones.
    ///
    /// Where a cookie is in use the browser may send it; the configuration then names the origins.
    func addSharing(with origin: [UInt8], allowingCookies allowsCookies: Bool) {
        add("Access-Control-Allow-Origin", origin)
        add("Access-Control-Expose-Headers", "ETag, Retry-After")
        if allowsCookies { add("Access-Control-Allow-Credentials", "true") }
    }

    /// What the page may ask for, to a browser that asks in its name beforehand. What is not known here is not named, whatever
    /// was asked for.
    func addPreflight(methods: StaticString, to head: RequestHead) {
        add("Access-Control-Allow-Methods", methods)
        add(
            "Access-Control-Allow-Headers",
            "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Prefer")
        // Two hours: Chromium remembers it no longer.
        add("Access-Control-Max-Age", "7200")
        // Chromium may want the consent of an address that is not public to a page that is (Private Network Access §3.2).
        if head.field("Access-Control-Request-Private-Network") != nil {
            add("Access-Control-Allow-Private-Network", "true")
        }
    }
}
