@testable import RingIPC

extension Outbound {
    /// An outbound side with everything that matters for it written down.
    static func forTest(
        _ format: FrameFormat, pool: OutboundChunkPool, limit: Int = 1 << 30, maximumFrameLength: Int = 1 << 20
    ) -> Outbound {
        var configuration = Configuration()
        configuration.format = format
        configuration.outboundLimit = limit
        configuration.maximumFrameLength = maximumFrameLength
        return Outbound(configuration: configuration, pool: pool, connection: .unlisted)
    }

    /// Plays the kernel: takes what is queued in pieces of `piece(available)` bytes.
    mutating func drain(_ piece: (Int) -> Int = { $0 }) -> [UInt8] {
        var stream: [UInt8] = []
        while let bytes = unsafe nextPiece() {
            let count = piece(bytes.count)
            unsafe stream += bytes.prefix(count)
            markSent(count)
        }
        return stream
    }

    mutating func send(_ payload: [UInt8]) throws(TransportError) { unsafe try send(payload.span.bytes) }

    /// Sends `payload` by writing it in place.
    mutating func sendInPlace(_ payload: [UInt8]) throws(TransportError) {
        try send(reserving: payload.count) { memory in
            for (index, byte) in payload.enumerated() { memory.storeBytes(of: byte, toByteOffset: index, as: UInt8.self) }
        }
    }
}
