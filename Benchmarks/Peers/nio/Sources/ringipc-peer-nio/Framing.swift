import NIOCore
import NIOExtras

/// What both sides put before their own handler: a length of four bytes in host order before each message.
enum Framing {
    static func handlers() -> [any ChannelHandler] {
        [
            ByteToMessageHandler(LengthFieldBasedFrameDecoder(lengthFieldLength: .four, lengthFieldEndianness: .host)),
            LengthFieldPrepender(lengthFieldLength: .four, lengthFieldEndianness: .host),
        ]
    }
}

/// The options of a connection. Why they are what they are stands in `about`.
enum Tuning {
    static let receive = FixedSizeRecvByteBufferAllocator(capacity: 64 << 10)
    static let readsPerEvent: UInt = 16
    static let waterMark = ChannelOptions.Types.WriteBufferWaterMark(low: 512 << 10, high: 1 << 20)
    static let backlog: CInt = 4096
}
