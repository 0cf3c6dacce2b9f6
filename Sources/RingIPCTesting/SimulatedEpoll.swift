internal import Glibc
package import RingIPC

/// An epoll instance: whom it watches, in the order in which they were added.
final class SimulatedEpoll {
    struct Watch {
        let descriptor: Int32
        var interest: UInt32
        var token: UInt64
    }

    var watches: [Watch] = []

    /// A closed descriptor leaves every set.
    func forget(_ descriptor: Int32) { watches.removeAll { $0.descriptor == descriptor } }
}

extension SimulatedKernel {
    package func makeEpoll() -> Int32 { open(.epoll(SimulatedEpoll())) }

    package func control(
        _ descriptor: Int32, _ operation: EpollOperation, _ watched: Int32, _ interest: UInt32, _ token: UInt64
    ) -> Int32 {
        tick()
        guard case .epoll(let epoll)? = object(descriptor, for: "epoll_ctl"), object(watched, for: "epoll_ctl") != nil else {
            return -EBADF
        }
        let place = epoll.watches.firstIndex { $0.descriptor == watched }
        trace.note("epoll_ctl", watched, operation == .delete ? 0 : Int(interest), at: nanoseconds)
        switch (operation, place) {
        case (.add, nil): epoll.watches.append(SimulatedEpoll.Watch(descriptor: watched, interest: interest, token: token))
        case (.modify, let place?):
            epoll.watches[place].interest = interest
            epoll.watches[place].token = token
        case (.delete, let place?): epoll.watches.remove(at: place)
        case (.add, _?):
            report(.operations, "descriptor \(watched) was added to an epoll set twice")
            return -EEXIST
        case (_, nil):
            report(.operations, "descriptor \(watched) was changed in an epoll set that it is not in")
            return -ENOENT
        }
        return 0
    }

    package func wait(_ descriptor: Int32, capacity: Int, timeout: Int64) -> Result<[ReadyEvent], Errno> {
        tick()
        guard case .epoll(let epoll)? = object(descriptor, for: "epoll_wait") else { return .failure(Errno(EBADF)) }
        if occurs(.interruptedCall) { return .failure(Errno(EINTR)) }
        var ready: [ReadyEvent] = []
        for watch in epoll.watches {
            var events = readiness(of: watch)
            let wantsInput = watch.interest & ReadyEvent.input != 0 && isSocket(watch.descriptor)
            if events == 0, wantsInput, occurs(.falseReadiness) { events = ReadyEvent.input }
            if events == 0 || occurs(.delayedCompletion) { continue }
            ready.append(ReadyEvent(token: watch.token, events: events))
        }
        if ready.count > 1, occurs(.reorderedCompletions) { ready.shuffle(using: &random) }
        if ready.isEmpty { sleepCurrent(on: descriptor, timeout: timeout) }
        // The kernel's list is worked off in turn: those that find no place are first the next time.
        if ready.count > capacity { rotate(epoll, behind: ready[capacity - 1].token) }
        trace.note("epoll_wait", descriptor, ready.count, at: nanoseconds)
        return .success(Array(ready.prefix(capacity)))
    }

    private func isSocket(_ descriptor: Int32) -> Bool {
        if case .socket? = object(descriptor, for: "epoll_wait") { return true }
        return false
    }

    private func rotate(_ epoll: SimulatedEpoll, behind token: UInt64) {
        guard let last = epoll.watches.firstIndex(where: { $0.token == token }) else { return }
        epoll.watches = Array(epoll.watches[(last + 1)...] + epoll.watches[...last])
    }

    /// The events that a watch has now: what it asks for, and those which are told to everybody.
    private func readiness(of watch: SimulatedEpoll.Watch) -> UInt32 {
        var events: UInt32 = 0
        switch object(watch.descriptor, for: "epoll_wait") {
        case .socket(let socket)?:
            if socket.isReadable { events |= ReadyEvent.input }
            if socket.isWritable { events |= ReadyEvent.output }
            events &= watch.interest
            if socket.isSendShut, socket.isReceiveShut { events |= ReadyEvent.hangUp }
            if socket.error != 0 { events |= ReadyEvent.error }
        case .listener(let listener)?: events = listener.queue.isEmpty ? 0 : ReadyEvent.input & watch.interest
        case .event(let event)?: events = event.count == 0 ? 0 : ReadyEvent.input & watch.interest
        default: break
        }
        return events
    }

    func hasReadyEvent(_ epoll: SimulatedEpoll) -> Bool { epoll.watches.contains { readiness(of: $0) != 0 } }
}
