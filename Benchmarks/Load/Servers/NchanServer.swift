/// Debian's nginx with the nchan module.
import Foundation

struct NchanServer: Server {
    let name = "nchan"
    let caveat = "sends every kept value; 50 topics a reader at most; a channel keeps 100 messages here"

    func speaks(_: Workload.Transport) -> Bool { true }

    func start(in folder: URL, port: UInt16, for workload: Workload) throws -> RunningServer {
        let modules = "/usr/lib/nginx/modules/ngx_nchan_module.so"
        guard FileManager.default.fileExists(atPath: modules) else {
            throw BenchFailure("nchan is not installed: apt-get install libnginx-mod-nchan")
        }
        let settings = """
            load_module \(modules);
            daemon off; worker_processes \(workload.threads); pid \(folder.path)/nginx.pid; error_log /dev/null;
            worker_rlimit_nofile 20000;
            events { worker_connections 20000; }
            http {
              access_log off; keepalive_requests 1000000000; keepalive_timeout 1h;
              client_body_temp_path \(folder.path)/body; proxy_temp_path \(folder.path)/proxy;
              fastcgi_temp_path \(folder.path)/fastcgi; uwsgi_temp_path \(folder.path)/uwsgi;
              scgi_temp_path \(folder.path)/scgi;
              nchan_shared_memory_size 256m;
              server {
                listen 127.0.0.1:\(port) backlog=4096;
                location = /pub { nchan_publisher; nchan_channel_id $arg_id; nchan_message_buffer_length 100; }
                location ~ ^/sub/(.+)$ {
                  nchan_subscriber; nchan_channel_id $1; nchan_channel_id_split_delimiter ",";
                  nchan_subscriber_first_message newest;
                }
              }
            }
            """
        let file = folder.appendingPathComponent("nginx.conf")
        try Data(settings.utf8).write(to: file)
        let program = try RunningServer.find("nginx", package: "nginx-light")
        return try .launch(program, ["-c", file.path, "-p", folder.path], port: port, for: workload)
    }

    func script(_ wish: Wish) -> [Step] {
        let names = wish.topics.isEmpty ? "none" : wish.topics.map { "t\($0)" }.joined(separator: ",")
        let target = "/sub/\(names)"
        let sent =
            switch wish.transport {
            case .ws: HTTPText.upgrade(target)
            case .sse: HTTPText.get(target, "Accept: text/event-stream\r\n")
            case .poll: HTTPText.get(target)
            }
        // A poll is answered only when there is an update, so a reader counts as live at once.
        return [Step(send: sent, expect: Array((wish.transport == .poll ? "" : "\r\n\r\n").utf8))]
    }

    func publishPort(_ port: UInt16) -> UInt16 { port }

    func encoder() -> any PublicationEncoder { Encoder() }

    /// One request an update, pipelined: nchan takes no batches.
    private struct Encoder: PublicationEncoder {
        var opening: Step? { nil }

        mutating func begin(_: inout [UInt8]) {}

        mutating func append(topic: [UInt8], data: [UInt8], to output: inout [UInt8]) {
            let number = String(decoding: topic, as: UTF8.self).split(separator: "/").last ?? ""
            output += Array(
                "POST /pub?id=t\(number) HTTP/1.1\r\nHost: bench\r\nContent-Length: \(data.count)\r\n\r\n"
                    .utf8)
            output += data
        }

        mutating func end(_: inout [UInt8]) {}
    }
}
