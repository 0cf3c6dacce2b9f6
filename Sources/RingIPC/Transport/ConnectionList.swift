/// Connections to be looked at later in a turn. An array would do, but for its calls of the runtime at every access, which a loop makes
/// for every message.
@safe
struct ConnectionList: ~Copyable {
    private var memory: UnsafeMutablePointer<ConnectionID>
    private var capacity = 64
    private(set) var count = 0

    init() { unsafe memory = .allocate(capacity: capacity) }

    deinit { unsafe memory.deallocate() }

    var isEmpty: Bool { count == 0 }

    subscript(index: Int) -> ConnectionID {
        precondition(index < count)
        return unsafe memory[index]
    }

    mutating func append(_ connection: ConnectionID) {
        if count == capacity { grow() }
        unsafe (memory + count).initialize(to: connection)
        count &+= 1
    }

    mutating func append(contentsOf other: borrowing ConnectionList) {
        for index in 0..<other.count { append(other[index]) }
    }

    mutating func removeAll() { count = 0 }

    private mutating func grow() {
        let larger = UnsafeMutablePointer<ConnectionID>.allocate(capacity: 2 * capacity)
        unsafe larger.moveInitialize(from: memory, count: count)
        unsafe memory.deallocate()
        unsafe memory = unsafe larger
        capacity *= 2
    }
}
