import Glibc

/// Sends the bytes in one call, and the descriptors with them (SCM_RIGHTS, unix(7)). Whether the kernel took them.
func sendPassing(_ descriptors: [Int32], with bytes: [UInt8], to socket: Int32) -> Bool {
    let length = 16 + 4 * descriptors.count
    var (bytes, control) = (bytes, [UInt8](repeating: 0, count: (length + 7) & ~7))
    unsafe control.withUnsafeMutableBytes { memory in
        // Length, level and type of the control message, then the numbers (cmsg(3)).
        unsafe memory.storeBytes(of: length, as: Int.self)
        unsafe memory.storeBytes(of: SOL_SOCKET, toByteOffset: 8, as: Int32.self)
        unsafe memory.storeBytes(of: 1, toByteOffset: 12, as: Int32.self)
        for (index, descriptor) in descriptors.enumerated() {
            unsafe memory.storeBytes(of: descriptor, toByteOffset: 16 + 4 * index, as: Int32.self)
        }
    }
    let result = unsafe withMessage(&bytes, &control) { unsafe sendmsg(socket, $0, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)) }
    return result == bytes.count
}

/// Up to `count` bytes of one call, and the descriptor that came with them. `nil` when the call fails, and `errno` tells why.
func receivePassing(_ count: Int, from socket: Int32) -> (bytes: [UInt8], descriptor: Int32?)? {
    // Room for one.
    var (bytes, control) = ([UInt8](repeating: 0, count: count), [UInt8](repeating: 0, count: 24))
    var received: Int
    // A signal that another test sends to this process may end the wait.
    repeat {
        received = unsafe withMessage(&bytes, &control) { unsafe recvmsg(socket, $0, Int32(MSG_CMSG_CLOEXEC)) }
    } while received < 0 && errno == EINTR
    guard received >= 0 else { return nil }
    let passed = control[0] == 20 ? unsafe control.withUnsafeBytes { unsafe $0.load(fromByteOffset: 16, as: Int32.self) } : nil
    return (Array(bytes.prefix(received)), passed)
}

/// Calls `body` with a message of these bytes and this control data.
private func withMessage(_ bytes: inout [UInt8], _ control: inout [UInt8], _ body: (UnsafeMutablePointer<msghdr>) -> Int) -> Int {
    unsafe bytes.withUnsafeMutableBytes { data in
        unsafe control.withUnsafeMutableBytes { control in
            var piece = unsafe iovec(iov_base: data.baseAddress, iov_len: data.count)
            return unsafe withUnsafeMutablePointer(to: &piece) { piece in
                var message = unsafe msghdr()
                unsafe message.msg_iov = unsafe piece
                unsafe message.msg_iovlen = 1
                unsafe message.msg_control = control.baseAddress
                unsafe message.msg_controllen = control.count
                return unsafe body(&message)
            }
        }
    }
}
