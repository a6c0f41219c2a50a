/// The page and its files are served, and nothing else.
import Testing

@Suite struct StaticFilesTests {
    @Test func filesHaveTypesAndTags() throws {
        for (path, type) in [
            ("/", "text/html; charset=utf-8"), ("/index.html", "text/html; charset=utf-8"),
            ("/page.js", "text/javascript; charset=utf-8"), ("/sub/below.txt", "text/plain; charset=utf-8"),
        ] {
            let answer = try HTTPProbe.ask("GET", path)
            #expect(answer.status == 200)
            #expect(answer.field("Content-Type") == type)
            #expect(answer.field("X-Content-Type-Options") == "nosniff")
            let tag = try #require(answer.field("ETag"))
            let bare = tag.filter { $0 != "\"" }
            for known in [
                tag, "W/\(tag)", "\"other\", \(tag)", "*", "\"\(bare)-gzip\"", "\"\(bare);gzip\"",
                "\(tag)-br",
                "\"other\", W/\"\(bare)--gzip\"",
            ] {
                let unchanged = try HTTPProbe.ask("GET", path, ["If-None-Match: \(known)"])
                #expect(unchanged.status == 304)
                #expect(unchanged.field("ETag") == tag)
                #expect(unchanged.body.isEmpty)
            }
            for other in ["\"other\"", "\"\(bare)0\"", "\"other-\(bare)\"", "\"-gzip\"", "\"*\""] {
                #expect(try HTTPProbe.ask("GET", path, ["If-None-Match: \(other)"]).status == 200)
            }
            let head = try HTTPProbe.ask("HEAD", path)
            #expect(head.field("Content-Length") == "\(answer.body.count)")
        }
        #expect(try HTTPProbe.ask("GET", "/?query=ignored").text == "<title>page</title>\n")
    }

    static let paths = [
        "/../secret.txt", "/%2e%2e/secret.txt", "/%2E%2E%2Fsecret.txt", "/sub/../../secret.txt",
        "//secret.txt",
        "//etc/passwd", "/..%2f..%2f..%2f..%2fetc%2fpasswd", "/sub/%2e%2e/index.html", "/./index.html",
        "//index.html", "/sub//below.txt", "/.hidden", "/sub", "/index.html/", "/index.html%00",
        "/..%5csecret.txt",
        "/public/index.html", "/%", "/sub/..;/index.html",
    ]

    @Test(arguments: paths) func nothingElseCanBeHad(path: String) throws {
        let answer = try HTTPProbe.ask("GET", path)
        #expect(answer.status == 404)
        #expect(answer.code == "not_found")
    }

    @Test func anEncodedSlashIsASlash() throws {
        #expect(try HTTPProbe.ask("GET", "/sub%2Fbelow.txt").text == "below\n")
        #expect(try HTTPProbe.ask("GET", "http://localhost/page.js").status == 200)
    }
}
