/// OpenSSL's way to a socket (BIO). Its own would write without MSG_NOSIGNAL, so that a peer that has gone could end the process,
/// and by a call that costs the kernel more than `send`.
internal import CLinux
internal import COpenSSL
internal import Glibc
internal import Primitives

enum SocketChannel {
    /// A channel to that socket, which the caller closes; nil when there is no memory.
    static func make(_ number: Int32) -> OpaquePointer? {
        guard let bio = BIO_new(method) else { return nil }
        // A socket's number, one higher: 0 would be no pointer.
        BIO_set_data(bio, UnsafeMutableRawPointer(bitPattern: Int(number) + 1))
        BIO_set_init(bio, 1)
        return bio
    }

    /// Made once and never changed, which is why all threads may share it.
    private nonisolated(unsafe) static let method: OpaquePointer? = {
        let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket")
        BIO_meth_set_write(method) { bio, bytes, count in
            guard let bio, let bytes else { return -1 }
            return SocketChannel.write(bio, bytes, count)
        }
        BIO_meth_set_read(method) { bio, bytes, count in
            guard let bio, let bytes else { return -1 }
            return SocketChannel.read(bio, bytes, count)
        }
        BIO_meth_set_ctrl(method) { bio, command, _, _ in
            switch command {
            case BIO_CTRL_FLUSH: 1
            case BIO_CTRL_EOF: Int(BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0)
            default: 0
            }
        }
        return method
    }()

    private static func number(_ bio: OpaquePointer) -> Int32 {
        Int32(Int(bitPattern: BIO_get_data(bio)) - 1)
    }

    private static func write(_ bio: OpaquePointer, _ bytes: UnsafePointer<CChar>, _ count: Int32) -> Int32 {
        tls_begin_io(bio)
        let sent = uninterrupted { send(number(bio), bytes, Int(count), Int32(MSG_NOSIGNAL)) }
        if sent < 0, errno == EAGAIN { tls_will_retry(bio, 1) }
        return Int32(sent)
    }

    private static func read(_ bio: OpaquePointer, _ bytes: UnsafeMutablePointer<CChar>, _ count: Int32)
        -> Int32
    {
        tls_begin_io(bio)
        let came = uninterrupted { recv(number(bio), bytes, Int(count), 0) }
        if came < 0, errno == EAGAIN { tls_will_retry(bio, 0) }
        // OpenSSL asks for it, to tell an end from a fault.
        if came == 0 { BIO_set_flags(bio, BIO_FLAGS_IN_EOF) }
        return Int32(came)
    }
}
