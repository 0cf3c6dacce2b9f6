internal import CRingIPC

/// A request, before it has a place in the submission queue.
@safe
package struct UringRequest {
    @safe
    package enum Kind {
        case accept(multishot: Bool)
        case receivePooled(multishot: Bool)
        case receive(UnsafeMutableRawBufferPointer)
        case awaitInput
        case send(UnsafeRawBufferPointer)
        case read(UnsafeMutableRawBufferPointer)
        case cancel(Token)
    }

    package let kind: Kind
    package let descriptor: Int32
    package let token: Token

    /// The one group of provided buffers of a ring.
    static let bufferGroup: Int32 = 0

    func prepare(_ entry: UnsafeMutablePointer<io_uring_sqe>) {
        let bits = token.bits
        switch kind {
        case .accept(let multishot):
            unsafe ringipc_prepare_accept(entry, descriptor, multishot, bits)
        case .receivePooled(let multishot):
            unsafe ringipc_prepare_receive_pooled(entry, descriptor, Self.bufferGroup, multishot, bits)
        case .receive(let memory):
            unsafe ringipc_prepare_receive(entry, descriptor, memory.baseAddress, memory.count, bits)
        case .awaitInput:
            unsafe ringipc_prepare_await_input(entry, descriptor, bits)
        case .send(let bytes):
            unsafe ringipc_prepare_send(entry, descriptor, bytes.baseAddress, bytes.count, bits)
        case .read(let memory):
            unsafe ringipc_prepare_read(entry, descriptor, memory.baseAddress, UInt32(memory.count), bits)
        case .cancel(let target):
            unsafe ringipc_prepare_cancel(entry, target.bits, bits)
        }
    }
}
