import Kit
import NIOCore

/// The kit's side of one process, in terms of `ByteBuffer`. The main thread makes it, hands it to the event loop's thread, and waits.
@safe
struct Work: @unchecked Sendable {
    private let kit: OpaquePointer

    init(_ kit: OpaquePointer) {
        unsafe self.kit = kit
    }

    var address: String { unsafe String(cString: kit_address(kit)) }

    // MARK: Client

    func turn() -> kit_turn { unsafe kit_turn(kit) }

    func message(from allocator: ByteBufferAllocator) -> ByteBuffer {
        unsafe buffer(of: kit_size(kit), from: allocator) { unsafe kit_fill(kit, $0) }
    }

    func received(_ message: ByteBuffer) {
        unsafe message.withUnsafeReadableBytes { unsafe kit_received(kit, $0.baseAddress, $0.count) }
    }

    // MARK: Server

    var servesMany: Bool { unsafe kit_serves_many(kit) }
    var finished: Bool { unsafe kit_finished(kit) }
    var stopDescriptor: CInt { unsafe kit_stop_descriptor(kit) }

    func ready() { unsafe kit_ready(kit) }

    func served(_ message: ByteBuffer) -> kit_answer {
        unsafe message.withUnsafeReadableBytes { unsafe kit_served(kit, $0.baseAddress, $0.count) }
    }

    func confirmation(from allocator: ByteBufferAllocator) -> ByteBuffer {
        unsafe buffer(of: Int(KIT_CONFIRMATION_BYTES), from: allocator) { unsafe kit_confirmation(kit, $0) }
    }

    private func buffer(
        of size: Int, from allocator: ByteBufferAllocator, filledBy fill: (UnsafeMutableRawPointer?) -> Void
    ) -> ByteBuffer {
        var buffer = allocator.buffer(capacity: size)
        unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: size) { memory in
            unsafe fill(memory.baseAddress)
            return size
        }
        return buffer
    }
}

func fail(_ what: String) -> Never {
    unsafe kit_fail(what)
    fatalError("kit_fail returned")
}
