internal import RingIPC

// Waiting, also inside a callback. The loop turns meanwhile, and this socket alone is told what happens to it; the others are told
// afterwards.

extension LocalSocket {
    /// Waits for the end of connecting.
    ///
    /// - Parameter timeout: how long to wait at most; `nil` for ever.
    /// - Returns: whether there is a connection. A wait that is over leaves the socket connecting.
    @discardableResult
    public func waitForConnected(within timeout: Duration? = .seconds(30)) -> Bool {
        guard state == .connecting else { return state == .connected }
        if !wait(within: timeout, telling: tellNow, until: { state != .connecting }) { note(.timedOut("the connection")) }
        return state == .connected
    }

    /// Waits for bytes: those that no earlier wait has reported and no callback or read has met count, also when they came before the call.
    ///
    /// - Parameter timeout: how long to wait at most; `nil` for ever. When it is over, the error is `socketTimeout`.
    /// - Returns: whether there are such bytes. `false` at once when ``readBufferSize`` bytes wait to be read.
    @discardableResult
    public func waitForReadyRead(within timeout: Duration? = .seconds(30)) -> Bool {
        guard state != .unconnected, let record else { return false }
        if compatibility.contains(.waitForReadyReadIgnoresUnseenData) { record.seenArrivals = record.arrivals }
        let before = record.seenArrivals
        let isInTime = wait(within: timeout, telling: tellNow) {
            record.arrivals > before || self.record !== record || state == .unconnected || record.isFull
        }
        if !isInTime { note(.timedOut("the arrival of bytes")) }
        guard record.arrivals > before else { return false }
        record.seenArrivals = record.arrivals
        if isTellingReadyRead { record.toldArrivals = record.arrivals }
        return true
    }

    /// Waits until everything that was written is with the kernel.
    ///
    /// - Parameter timeout: how long to wait at most; `nil` for ever. When it is over, the error is `socketTimeout`.
    /// - Returns: whether it is. `false` at once when nothing was to be sent.
    @discardableResult
    public func waitForBytesWritten(within timeout: Duration? = .seconds(30)) -> Bool {
        let before = bytesToWrite
        guard before > 0, let record else { return false }
        let returnsEarly = compatibility.contains(.waitForBytesWrittenReturnsEarly)
        func isSent() -> Bool {
            let unsent = record.unsentCount(in: loop.core)
            return !record.hasLostOutput && (unsent == 0 || returnsEarly && unsent < before)
        }
        // What else happened in the turn that sent the last bytes is told afterwards.
        func tell() { if isSent() { tellBytesWritten(record) } else { tellNow() } }
        let isInTime = wait(within: timeout, telling: tell) {
            isSent() || self.record !== record || state == .unconnected
        }
        if !isInTime { note(.timedOut("the sending of \(bytesToWrite) bytes")) }
        return isSent()
    }

    /// Waits for the end of the connection; what arrives meanwhile can be read afterwards.
    ///
    /// - Parameter timeout: how long to wait at most; `nil` for ever. When it is over, the error is `socketTimeout`.
    /// - Returns: whether it ended during the call. `false` at once without a connection, and when ``readBufferSize`` bytes have to be read
    ///   first.
    @discardableResult
    public func waitForDisconnected(within timeout: Duration? = .seconds(30)) -> Bool {
        guard state != .unconnected else { return false }
        let isInTime = wait(within: timeout, telling: tellNow) { state == .unconnected || record?.isFull == true }
        if !isInTime { note(.timedOut("the end of the connection")) }
        return state == .unconnected
    }

    /// Returns whether it came to that in time.
    private func wait(within timeout: Duration?, telling tell: () -> Void, until isDone: () -> Bool) -> Bool {
        let deadline = loop.deadline(after: timeout)
        tell()
        var isLast = false
        while !isDone() {
            guard !isLast, loop.isSound else { return !loop.isSound }
            isLast = loop.core.now >= deadline
            loop.turn(until: deadline)
            tell()
        }
        return true
    }

    private func tellNow() {
        if connectOutcome != nil { _ = tellConnectOutcome() }
        if let record { _ = tell(record) }
    }
}
