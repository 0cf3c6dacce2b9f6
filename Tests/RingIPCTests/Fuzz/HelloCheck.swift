@testable import RingIPC

/// Any bytes, ended anywhere: they are taken for a hello exactly when the reference says so, and not before.
struct HelloCheck {
    private let isCanary: Bool

    init(isCanary: Bool = false) { self.isCanary = isCanary }

    /// What is wrong; `nil` when all agree.
    func failure(on input: UnsafeRawBufferPointer) -> String? {
        var input = unsafe FuzzInput(input)
        let pieces = input.pieceLengths()
        let stream = input.remaining()
        for piece in pieces.ranges(in: stream.count) {
            let beginning = Array(stream[..<piece.upperBound])
            let (found, expected) = (Self.verdict(on: beginning), expected(beginning))
            if found != expected { return "\(found) for \(beginning), but \(expected)" }
            if case .complete(_, let features, let length) = found, let failure = Self.rewritten(features, length) { return failure }
        }
        // A ring is mapped for each hello, which is slow, and so not for garbage.
        guard case .complete = ReferenceHello.verdict(on: stream) else { return nil }
        return inRing(stream, pieces)
    }

    private func expected(_ bytes: [UInt8]) -> ReferenceHello.Verdict {
        guard isCanary, bytes.count >= 24 else { return ReferenceHello.verdict(on: bytes) }
        return ReferenceHello.verdict(on: bytes[..<20] + [0, 0, 0, 0] + bytes[24...])
    }

    /// Memory of exactly the size, so that AddressSanitizer sees any other byte that is touched.
    private static func verdict(on bytes: [UInt8]) -> ReferenceHello.Verdict {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { unsafe memory.deallocate() }
        unsafe memory.copyBytes(from: bytes)
        do throws(TransportError) {
            let bytes = UnsafeRawBufferPointer(memory)
            guard let length = unsafe try Hello.encodedLength(ofHelloBeginningWith: bytes), length <= bytes.count else {
                return .incomplete
            }
            let hello = unsafe try Hello(reading: bytes)
            return .complete(length: length, features: hello.features, maximumFrameLength: hello.maximumFrameLength)
        } catch {
            precondition(error.code == .incompatiblePeer && error.operation == .handshake, "\(error)")
            return .refused
        }
    }

    /// What was read is written again in the form of this version.
    private static func rewritten(_ features: UInt64, _ maximumFrameLength: UInt32) -> String? {
        var bytes = [UInt8](repeating: 0xEE, count: 24)
        let hello = Hello(features: features, maximumFrameLength: Int(maximumFrameLength))
        unsafe bytes.withUnsafeMutableBytes { unsafe hello.write(to: $0.baseAddress!) }
        let expected = ReferenceHello.Verdict.complete(length: 24, features: features, maximumFrameLength: maximumFrameLength)
        return ReferenceHello.verdict(on: bytes) == expected ? nil : "\(expected) is written as \(bytes)"
    }

    /// The hello in the ring of a blocking connection, looked for after each piece, as it is received.
    private func inRing(_ stream: [UInt8], _ pieces: PieceLengths) -> String? {
        do throws(TransportError) {
            var configuration = Configuration()
            configuration.receiveRingSize = 4_096
            var inbound = try Inbound(configuration: configuration)
            for piece in pieces.ranges(in: min(stream.count, 4_096)) {
                unsafe try inbound.memoryForReceive().copyBytes(from: stream[piece])
                inbound.markReceived(piece.count)
                let beginning = Array(stream[..<piece.upperBound])
                var found = ReferenceHello.Verdict.incomplete
                do throws(TransportError) {
                    if let hello = try inbound.takeHello() {
                        found = .complete(
                            length: piece.upperBound - inbound.partialCount, features: hello.features,
                            maximumFrameLength: hello.maximumFrameLength)
                    }
                } catch {
                    found = .refused
                }
                let expected = expected(beginning)
                if found != expected { return "\(found) in the ring for \(beginning), but \(expected)" }
                guard found == .incomplete else { return nil }
            }
        } catch {
            return "\(error)"
        }
        return nil
    }
}
