internal import RingIPC

// How a connection ends, and how the program is told what happened.

extension LocalSocket {
    /// Ends the connection: at once when nothing is unsent, else when everything is sent; until then the state is `closing`. What has
    /// arrived can still be read.
    public func disconnect() {
        switch state {
        case .unconnected, .closing: break
        case .connecting: giveUpConnecting()
        case .connected:
            stopReading()
            become(.closing)
            finishIfSent()
        }
    }

    /// Ends the connection at once. What is unsent, and what has not been read, is dropped.
    public func abort() {
        closeDevice()
        switch state {
        case .unconnected: break
        case .connecting: giveUpConnecting()
        case .connected, .closing:
            record?.cutOff(from: loop.core)
            // The kernel lets go of it in a turn.
            loop.turn(until: 0)
            become(.closing)
            finish()
        }
    }

    /// Ends the connection as ``disconnect()`` does, and drops what has not been read.
    public func close() {
        closeDevice()
        disconnect()
    }

    private func closeDevice() {
        guard isOpen else { return }
        onAboutToClose?(self)
        isOpen = false
        openMode = []
        record?.input.removeAll()
        stopReading()
    }

    /// What arrives from here on is dropped: a peer that waits for us to read could not read itself.
    private func stopReading() {
        record?.isDiscardingInput = true
        record?.refill(from: loop.core)
    }

    private func finishIfSent() {
        guard state == .closing, bytesToWrite == 0 || record?.hasLostOutput != false else { return }
        finish()
    }

    private func finish() {
        guard state != .unconnected else { return }
        // The server may be the last who has this socket.
        withExtendedLifetime(self) {
            record?.detach(from: loop.core)
            fullServerName = ""
            name = ""
            become(.unconnected)
            onReadChannelFinished?(self)
            onDisconnected?(self)
            if state == .unconnected { server?.letGo(of: self) }
        }
    }

    func become(_ new: State) {
        guard state != new else { return }
        state = new
        onStateChange?(self, new)
    }

    func note(_ error: LocalSocketError) {
        (self.error, errorString) = (error.code, error.text)
        onError?(self, error)
    }

    // MARK: Telling

    /// Tells what a record has noted, in the order in which Qt does. Returns whether there was anything.
    func tell(_ record: SocketRecord) -> Bool {
        let hadWritten = tellBytesWritten(record)
        let hadRead = tellReadyRead(record)
        let hadEnd = tellEnd(record)
        return hadWritten || hadRead || hadEnd
    }

    @discardableResult
    func tellBytesWritten(_ record: SocketRecord) -> Bool {
        let count = record.newlySentCount
        guard count > 0, !isTellingBytesWritten else { return false }
        record.newlySentCount = 0
        isTellingBytesWritten = true
        onBytesWritten?(self, count)
        isTellingBytesWritten = false
        if record.newlySentCount > 0 { record.enqueue() }
        return true
    }

    private func tellReadyRead(_ record: SocketRecord) -> Bool {
        guard self.record === record, record.hasNews, let onReadyRead, !isTellingReadyRead else { return false }
        record.toldArrivals = record.arrivals
        record.seenArrivals = record.arrivals
        isTellingReadyRead = true
        onReadyRead(self)
        isTellingReadyRead = false
        // What came meanwhile, and no wait inside has reported.
        if let current = self.record, current.hasNews { current.enqueue() }
        return true
    }

    private func tellEnd(_ record: SocketRecord) -> Bool {
        guard self.record === record, state == .connected || state == .closing else { return false }
        if let end = record.end, state == .connected {
            tellPeerClosed(end, record)
            return true
        }
        guard state == .closing, bytesToWrite == 0 || record.hasLostOutput else { return false }
        if record.hasLostOutput, error != .peerClosed { note(.peerClosed) }
        finish()
        return true
    }

    private func tellPeerClosed(_ end: CloseReason, _ record: SocketRecord) {
        if case .failed(let error) = end { note(LocalSocketError(ending: error)) } else { note(.peerClosed) }
        guard self.record === record, state == .connected else { return }
        if compatibility.contains(.peerCloseDropsOutput), bytesToWrite > 0 { record.cutOff(from: loop.core) }
        become(.closing)
        guard self.record === record, state == .closing else { return }
        if record.connection == nil || compatibility.contains(.peerCloseDropsOutput) { finish() } else { finishIfSent() }
    }
}
