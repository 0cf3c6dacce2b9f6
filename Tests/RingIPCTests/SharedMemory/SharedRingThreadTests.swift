import Foundation
import Glibc
import Synchronization
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

    private final class Failure: Sendable { let error = Mutex<(any Error)?>(nil) }

    /// What the side of that number sends: lengths and bytes follow from the number.
    private static func payload(_ number: Int, of side: Int) -> [UInt8] {
        [UInt8](repeating: UInt8(truncatingIfNeeded: number &* 31 &+ side), count: 8 + number &* 7_919 % 593)
    }

    // The first word of a payload is touched through a typed pointer: without optimization every other access is a call into the standard
    // library, which is not instrumented.

    private static func send(_ number: Int, _ index: Int, _ side: inout LaneSide) throws -> Bool {
        let payload = payload(number, of: index)
        return try side.writer.write(reserving: payload.count) { memory in
            unsafe memory.withUnsafeMutableBytes { bytes in
                unsafe bytes.copyBytes(from: payload)
                unsafe bytes.baseAddress!.assumingMemoryBound(to: UInt64.self).pointee = UInt64(number)
            }
        }
    }

    private static func isRight(_ frame: borrowing FrameView, _ number: Int, _ index: Int) -> Bool {
        let bytes = frame.bytes
        let word = unsafe bytes.withUnsafeBytes { unsafe $0.baseAddress!.assumingMemoryBound(to: UInt64.self).pointee }
        return word == UInt64(number) && array(bytes).dropFirst(8) == payload(number, of: index).dropFirst(8)
    }

    /// Sends all, receives all, and sleeps when it can do neither.
    private static func run(_ index: Int, _ lane: Lane, _ bells: [Bell], batch: Int, sleeps: Bool) throws {
        var side = lane.side(index)
        let ring = { if sleeps { bells[1 - index].ring() } }
        var (sent, received, areRight) = (0, 0, true)
        while sent < count || received < count {
            let isSent = try sent < count && send(sent, index, &side)
            if isSent { sent += 1 }
            if isSent && sent % batch == 0 { side.publish(ring: ring) }
            let taken = try side.receive(ring: ring) { frame in
                areRight = areRight && isRight(frame, received, 1 - index)
                received += 1
            }
            guard !isSent && taken == nil else { continue }
            side.publish(ring: ring)
            side.giveBackAll(ring: ring)
            side.sleeper.announce(sent < count ? [.data, .room] : .data)
            let isReady = try side.reader.consumer.hasBytes() || sent < count && side.writer.producer.hasRoom(for: 608)
            // Whoever has come to its end only had to publish.
            if !isReady, received < count || sent < count { if sleeps { try bells[index].wait() } else { sched_yield() } }
            side.sleeper.wakeUp()
        }
        side.publish(ring: ring)
        side.giveBackAll(ring: ring)
        #expect(areRight)
    }

    /// Who sleeps is ordered by the doorbell as well; who only yields has nothing but the positions, and ThreadSanitizer sees if they do not suffice.
    @Test(arguments: [1, 7, 1_000], [true, false])
    func `frames cross both ways, whole and in order, however they are published`(_ batch: Int, _ sleeps: Bool) throws {
        let lane = try Lane(ringSize: 4_096)
        let bells = [Bell(), Bell()]
        // Not `Background`: what ThreadSanitizer finds below it is suppressed.
        let ended = DispatchSemaphore(value: 0)
        let failure = Failure()
        Thread {
            do { try Self.run(1, lane, bells, batch: batch, sleeps: sleeps) } catch { failure.error.withLock { $0 = error } }
            ended.signal()
        }.start()
        try Self.run(0, lane, bells, batch: batch, sleeps: sleeps)
        try ended.wait(for: "the end of the other side")
        if let error = failure.error.withLock({ $0 }) { throw error }
    }
}
