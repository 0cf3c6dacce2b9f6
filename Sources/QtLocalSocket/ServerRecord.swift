internal import RingIPC

/// One listener, as the core's turns see it.
final class ServerRecord: Record {
    weak var server: LocalServer?
    /// Accepted sockets that the server has not been told of.
    private(set) var arrivals: [SocketParcel] = []
    /// How many sockets may wait to be taken, those that the server knows among them; and how many of these there are.
    var limit: Int
    var pendingCount = 0

    init(of server: LocalServer, limit: Int, queue: RecordQueue) {
        self.server = server
        self.limit = limit
        super.init(queue: queue)
    }

    var hasRoom: Bool { arrivals.count + pendingCount < limit }

    /// Called inside a turn. Returns whether there is room for more.
    func accepted(_ parcel: SocketParcel) -> Bool {
        arrivals.append(parcel)
        enqueue()
        return hasRoom
    }

    func removeFirst() -> SocketParcel? { arrivals.isEmpty ? nil : arrivals.removeFirst() }

    override func tell() -> Bool { server?.tell(self) ?? false }
}
