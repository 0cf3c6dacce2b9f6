/// What the core's turns have noted about one socket or server, and its owner has not been told yet.
///
/// A turn only writes into records. Owners are told between two turns, so that what they do then, a nested wait among it, meets a core at
/// rest.
class Record {
    private let queue: RecordQueue
    fileprivate(set) var isQueued = false

    init(queue: RecordQueue) { self.queue = queue }

    /// There is something to tell.
    final func enqueue() { queue.append(self) }

    /// Tells the owner. Returns whether there was anything.
    func tell() -> Bool { false }
}

/// The records with something to tell, the oldest first. A nested loop goes on where the outer one stands.
final class RecordQueue {
    private var records: [Record] = []
    private var start = 0

    var isEmpty: Bool { start == records.count }

    fileprivate func append(_ record: Record) {
        guard !record.isQueued else { return }
        record.isQueued = true
        records.append(record)
    }

    func removeFirst() -> Record? {
        guard !isEmpty else { return nil }
        let record = records[start]
        start += 1
        if isEmpty {
            records.removeAll(keepingCapacity: true)
            start = 0
        }
        record.isQueued = false
        return record
    }
}
