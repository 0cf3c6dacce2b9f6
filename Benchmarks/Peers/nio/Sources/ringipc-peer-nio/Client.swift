import Kit
import NIOCore
import NIOPosix

/// Does what the kit says, on the event loop, until something has to be waited for; then goes on when the loop brings it.
final class Client: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Awaited {
        case nothing, message, endOfRead, writability
    }

    private let work: Work
    private let loop: any EventLoop
    private let done: EventLoopPromise<Void>
    private var context: ChannelHandlerContext?
    private lazy var pipe = PollPipe(loop: loop) { self.proceed() }
    private var awaited = Awaited.nothing

    private lazy var bootstrap: ClientBootstrap = {
        let bound = NIOLoopBound(self, eventLoop: loop)
        return ClientBootstrap(group: loop)
            .channelOption(.recvAllocator, value: Tuning.receive)
            .channelOption(.maxMessagesPerRead, value: Tuning.readsPerEvent)
            .channelOption(.writeBufferWaterMark, value: Tuning.waterMark)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(Framing.handlers() + [bound.value])
                }
            }
    }()

    init(work: Work, loop: any EventLoop, done: EventLoopPromise<Void>) {
        self.work = work
        self.loop = loop
        self.done = done
    }

    func proceed() {
        while true {
            switch work.turn() {
            case KIT_CONNECT: return connect()
            case KIT_SEND: send()
            case KIT_FLUSH: if flush() == .full { return }
            case KIT_POLL: return pipe.poll()
            case KIT_RECEIVE: return awaited = .message
            case KIT_CLOSE: return close()
            default: return done.succeed()
            }
        }
    }

    private func proceed(after event: Awaited) {
        guard awaited == event else { return }
        awaited = .nothing
        proceed()
    }

    // MARK: Turns

    private func connect() {
        bootstrap.connect(unixDomainSocketPath: work.address).assumeIsolated().whenComplete { result in
            if case .failure(let error) = result { fail("\(error)") }
            self.proceed()
        }
    }

    private func send() {
        guard let context else { fail("the server has gone") }
        context.write(wrapOutboundOut(work.message(from: context.channel.allocator)), promise: nil)
    }

    private enum Room { case left, full }

    /// What the socket does not take stays in memory, so no more is produced until it has.
    private func flush() -> Room {
        guard let context else { fail("the server has gone") }
        context.flush()
        if context.channel.isWritable { return .left }
        awaited = .writability
        return .full
    }

    private func close() {
        guard let channel = context?.channel else { fail("the server has gone") }
        channel.closeFuture.assumeIsolated().whenSuccess { self.proceed() }
        channel.close(promise: nil)
    }

    // MARK: Events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        work.received(unwrapInboundIn(data))
        if awaited == .message { awaited = .endOfRead }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        proceed(after: .endOfRead)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { proceed(after: .writability) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        guard awaited == .nothing else { fail("the server has gone") }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail("\(error)")
    }
}

func ask(_ work: Work) throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let loop = group.next()
    let done = loop.makePromise(of: Void.self)
    loop.execute { Client(work: work, loop: loop, done: done).proceed() }
    try done.futureResult.wait()
    try group.syncShutdownGracefully()
}
