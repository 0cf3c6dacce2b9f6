import Glibc
import NIOCore
import NIOPosix

/// Lets the event loop look at its sockets and come back without sleeping. A task that enqueues itself would not do: the loop runs every task that
/// it has before it looks at the sockets again. So a byte goes through a pipe whose other end the same loop reads.
final class PollPipe: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let loop: any EventLoop
    private let polled: () -> Void
    private let byte = ByteBuffer(integer: UInt8(0))
    private var context: ChannelHandlerContext?

    /// `polled` is called after each poll.
    init(loop: any EventLoop, polled: @escaping () -> Void) {
        self.loop = loop
        self.polled = polled
    }

    func poll() {
        guard let context else { return open() }
        context.writeAndFlush(wrapOutboundOut(byte), promise: nil)
    }

    private func open() {
        let bound = NIOLoopBound(self, eventLoop: loop)
        let (input, output) = Self.descriptors()
        NIOPipeBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(bound.value) }
            }
            .takingOwnershipOfDescriptors(input: input, output: output)
            .assumeIsolated()
            .whenComplete { result in
                if case .failure(let error) = result { fail("the pipe: \(error)") }
                self.poll()
            }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    /// As a task, since tasks come after all sockets that were readable together with the pipe.
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.eventLoop.assumeIsolated().execute(polled)
    }

    private static func descriptors() -> (input: CInt, output: CInt) {
        var ends: [CInt] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { fail("pipe") }
        return (ends[0], ends[1])
    }
}
