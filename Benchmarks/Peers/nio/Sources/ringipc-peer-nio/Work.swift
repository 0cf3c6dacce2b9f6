import Kit
import NIOCore

/// The kit's side of one process, in terms of `ByteBuffer`. The main thread makes it and hands it to the event loop's thread, then waits.
struct Work: @unchecked Sendable {
    private let kit: OpaquePointer

    init(_ kit: OpaquePointer) {
        self.kit = kit
    }

    var address: String { String(cString: kit_address(kit)) }

    // MARK: Client

    func turn() -> kit_turn { kit_turn(kit) }

    func message(from allocator: ByteBufferAllocator) -> ByteBuffer {
        let size = kit_size(kit)
        var buffer = allocator.buffer(capacity: size)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: size) { memory in
            kit_fill(kit, memory.baseAddress)
            return size
        }
        return buffer
    }

    func received(_ message: ByteBuffer) {
        message.withUnsafeReadableBytes { kit_received(kit, $0.baseAddress, $0.count) }
    }

    // MARK: Server

    var servesMany: Bool { kit_serves_many(kit) }
    var finished: Bool { kit_finished(kit) }
    var stopDescriptor: CInt { kit_stop_descriptor(kit) }

    func ready() { kit_ready(kit) }

    func served(_ message: ByteBuffer) -> kit_answer {
        message.withUnsafeReadableBytes { kit_served(kit, $0.baseAddress, $0.count) }
    }

    func echoed() { kit_echoed(kit, 1) }

    func confirmation(from allocator: ByteBufferAllocator) -> ByteBuffer {
        let size = Int(KIT_CONFIRMATION_BYTES)
        var buffer = allocator.buffer(capacity: size)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: size) { memory in
            kit_confirmation(kit, memory.baseAddress)
            return size
        }
        return buffer
    }
}

func fail(_ what: String) -> Never {
    kit_fail(what)
    fatalError("kit_fail returned")
}
