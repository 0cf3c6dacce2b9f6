import Testing

@testable import RingIPC

@Suite struct TokenTests {
    private static let operations: [Token.Operation] = [.accept, .receive, .send, .wake, .cancel]

    @Test func `a token comes back from the kernel as it went`() {
        var random = SeededRandom(seed: 1)
        for operation in Self.operations {
            for _ in 0..<200 {
                let (slot, generation) = (UInt32(truncatingIfNeeded: random.next()), UInt32(truncatingIfNeeded: random.next()))
                let token = Token(operation, slot: slot, generation: generation)
                #expect(Token(bits: token.bits) == token)
                #expect(token.slot == slot && token.generation == generation & 0xFF_FFFF)
            }
        }
    }

    @Test func `different tokens have different bits`() {
        var bits: Set<UInt64> = []
        for operation in Self.operations {
            for slot in [0, 1, .max] as [UInt32] {
                for generation in [0, 1, 0xFF_FFFF] as [UInt32] {
                    bits.insert(Token(operation, slot: slot, generation: generation).bits)
                }
            }
        }
        #expect(bits.count == 45 && !bits.contains(0))
    }

    @Test func `bits with an operation that nobody asked for are no token`() {
        for operation in 0...255 as ClosedRange<UInt64> {
            let token = Token(bits: operation << 56 | 0x12_3456 << 32 | 7)
            #expect((token != nil) == (1...5).contains(operation))
        }
        #expect(Token(bits: 0) == nil && Token(bits: .max) == nil)
    }
}
