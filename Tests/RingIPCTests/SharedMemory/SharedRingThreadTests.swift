import Dispatch
import Testing

@testable import RingIPC

/// Two threads at the two ends of a lane, both ways at once. ThreadSanitizer watches this, too.
@Suite struct SharedRingThreadTests {
    private static let count = 3_000

    private struct Bell: Sendable {
        private let semaphore = DispatchSemaphore(value: 0)
        func ring() { semaphore.signal() }
        func wait() throws { try semaphore.wait(for: "a doorbell") }
    }

    /// What the side of that number sends: lengths and bytes follow from the number.
    private static func payload(_ number: Int, of side: Int) -> [UInt8] {
        [UInt8](repeating: UInt8(truncatingIfNeeded: number &* 31 &+ side), count: number &* 7_919 % 601)
    }

    /// Sends all, receives all, and sleeps when it can do neither.
    private static func run(_ index: Int, _ lane: Lane, _ bells: [Bell], batch: Int) throws {
        var side = lane.side(index)
        let ring = { () throws(TransportError) in bells[1 - index].ring() }
        var (sent, received, isRight) = (0, 0, true)
        while sent < count || received < count {
            let isSent = try sent < count && side.send(payload(sent, of: index))
            if isSent { sent += 1 }
            if isSent && sent % batch == 0 { try side.publish(ring: ring) }
            let taken = try side.receive(ring: ring) { frame in
                isRight = isRight && array(frame.bytes) == payload(received, of: 1 - index)
                received += 1
            }
            guard !isSent && taken == nil else { continue }
            try side.publish(ring: ring)
            try side.reader.consumer.publish(through: &side.doorbell, ring: ring)
            side.sleeper.announce(sent < count ? [.data, .room] : .data)
            let isReady = try side.reader.consumer.hasBytes() || sent < count && side.writer.producer.hasRoom(for: 608)
            // Whoever has come to its end only had to publish.
            if !isReady, received < count || sent < count { try bells[index].wait() }
            side.sleeper.wakeUp()
        }
        try side.publish(ring: ring)
        try side.reader.consumer.publish(through: &side.doorbell, ring: ring)
        #expect(isRight)
    }

    @Test(arguments: [1, 7, 1_000])
    func `frames cross both ways, whole and in order, however they are published`(_ batch: Int) throws {
        let lane = try Lane(ringSize: 4_096)
        let bells = [Bell(), Bell()]
        let other = Background { try Self.run(1, lane, bells, batch: batch) }
        try Self.run(0, lane, bells, batch: batch)
        try other.value()
    }
}
