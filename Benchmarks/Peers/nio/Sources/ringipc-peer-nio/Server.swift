import Glibc
import Kit
import NIOCore
import NIOPosix

/// Answers the messages of one connection; what was answered during a read leaves with one flush.
final class Responder: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let work: Work
    private let gone: EventLoopPromise<Void>

    init(work: Work, gone: EventLoopPromise<Void>) {
        self.work = work
        self.gone = gone
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch work.served(unwrapInboundIn(data)) {
        case KIT_ECHO: context.write(data, promise: nil)
        case KIT_CONFIRM: context.write(wrapOutboundOut(work.confirmation(from: context.channel.allocator)), promise: nil)
        default: break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.flush()
    }

    func channelInactive(context: ChannelHandlerContext) {
        if work.servesMany { return }
        guard work.finished else { fail("the client has gone before its last message") }
        gone.succeed()
    }

    /// Of many clients, one that goes in the middle of something is its own affair.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard work.servesMany else { fail("\(error)") }
        context.close(promise: nil)
    }
}

/// Of many connections each would keep its large receive buffers, so only one gets them.
func serve(_ work: Work) throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let gone = group.next().makePromise(of: Void.self)
    var bootstrap = ServerBootstrap(group: group)
        .serverChannelOption(.backlog, value: Tuning.backlog)
        .childChannelOption(.writeBufferWaterMark, value: Tuning.waterMark)
        .childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandlers(Framing.handlers() + [Responder(work: work, gone: gone)])
            }
        }
    if !work.servesMany {
        bootstrap =
            bootstrap
            .childChannelOption(.recvAllocator, value: Tuning.receive)
            .childChannelOption(.maxMessagesPerRead, value: Tuning.readsPerEvent)
    }
    _ = try bootstrap.bind(unixDomainSocketPath: work.address).wait()
    work.ready()
    if work.servesMany {
        waitUntilReadable(work.stopDescriptor)
        gone.succeed()
    }
    try gone.futureResult.wait()
    try group.syncShutdownGracefully()
    unsafe unlink(work.address)
}

private func waitUntilReadable(_ descriptor: CInt) {
    var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while unsafe poll(&wanted, 1, -1) != 1 {}
}
