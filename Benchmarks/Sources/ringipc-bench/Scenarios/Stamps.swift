internal import CBenchmark
internal import Glibc

/// Times that cross from the sender to the receiver beside the messages, in memory that both share, so that no message carries one.
/// Each message has a slot; they are used in turn.
@safe
final class Stamps {
    private let memory: Int32
    private let slots: UnsafeMutablePointer<UInt64>

    /// More than are ever on their way at once.
    private static let count = 65_536
    private static let bytes = count * MemoryLayout<UInt64>.stride

    /// New ones, which a program started later inherits.
    convenience init() throws {
        try self.init(memory: BenchmarkFailure.check(bench_shared_memory(Self.bytes), "cannot make shared memory"))
    }

    /// Those of the process that started this one.
    init(memory: Int32) throws {
        guard let place = unsafe bench_map_shared(memory, Self.bytes) else {
            throw BenchmarkFailure("descriptor \(memory) is no memory for stamps")
        }
        self.memory = memory
        unsafe slots = place.bindMemory(to: UInt64.self, capacity: Self.count)
    }

    /// The option that gives them to the other process.
    var arguments: [String] { ["--stamps", "\(memory)"] }

    deinit {
        unsafe munmap(slots, Self.bytes)
        close(memory)
    }

    subscript(number: Int) -> UInt64 {
        @inline(__always) get { unsafe bench_load_acquire(slots + number & (Self.count - 1)) }
        @inline(__always) set { unsafe bench_store_release(slots + number & (Self.count - 1), newValue) }
    }

    /// How long ago the time in a slot was.
    @inline(__always)
    func age(of number: Int) -> UInt64 {
        let stamp = self[number]
        return bench_monotonic_nanoseconds() &- stamp
    }
}
