import Foundation
import Synchronization

@testable import RingIPC

/// What the handlers of a test saw, for the one thread that waits for it.
final class Journal: Sendable {
    struct State: Sendable {
        var opened = 0
        var frames: [[UInt8]] = []
        var misaligned = 0
        var writable = 0
        var finished = 0
        var closed: [CloseReason] = []
        var connection: ConnectionID?
        /// Whatever else a test counts.
        var marks: [String] = []
    }

    private let state = Mutex(State())
    private let changed = DispatchSemaphore(value: 0)

    var now: State { state.withLock { $0 } }

    func note(_ change: (inout State) -> Void) {
        state.withLock { change(&$0) }
        changed.signal()
    }

    func mark(_ text: String) { note { $0.marks.append(text) } }

    /// Waits until the journal looks like that.
    @discardableResult
    func wait(for what: String, _ isSo: (State) -> Bool) throws -> State {
        while true {
            let state = now
            if isSo(state) { return state }
            do { try changed.wait(for: what) } catch { throw TookTooLong(what: "\(what) (\(summary))") }
        }
    }

    /// Waits for the first connection to end.
    @discardableResult
    func closed(_ count: Int = 1) throws -> CloseReason {
        try wait(for: "the end of \(count) connections") { $0.closed.count >= count }.closed[count - 1]
    }

    private var summary: String {
        let state = now
        return "opened \(state.opened), \(state.frames.count) frames, finished \(state.finished), closed \(state.closed), \(state.marks)"
    }
}

extension CloseReason {
    /// `nil` for an end in order.
    var code: TransportError.Code? {
        switch self {
        case .finished: nil
        case .failed(let error): error.code
        }
    }
    var error: TransportError? {
        switch self {
        case .finished: nil
        case .failed(let error): error
        }
    }
}

func bytes(of frame: FrameView) -> [UInt8] { unsafe frame.bytes.withUnsafeBytes { unsafe Array($0) } }

func isAligned(_ frame: FrameView) -> Bool {
    unsafe frame.bytes.withUnsafeBytes { unsafe $0.isEmpty || UInt(bitPattern: $0.baseAddress) % 8 == 0 }
}

/// Sends back what it gets.
struct Echo: ConnectionHandler {
    var journal: Journal?

    mutating func opened(_ outbound: inout Outbound) {
        let connection = outbound.connection
        journal?.note {
            $0.opened += 1
            $0.connection = connection
        }
    }
    mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
        while let frame = try frames.next() {
            if !isAligned(frame) { journal?.note { $0.misaligned += 1 } }
            try reply.send(frame.bytes)
        }
    }
    mutating func finished(_ outbound: inout Outbound) {
        journal?.note { $0.finished += 1 }
        outbound.close()
    }
    mutating func closed(_ reason: CloseReason) { journal?.note { $0.closed.append(reason) } }
}

/// Keeps what it gets.
struct Collector: ConnectionHandler {
    let journal: Journal

    mutating func opened(_ outbound: inout Outbound) {
        let connection = outbound.connection
        journal.note {
            $0.opened += 1
            $0.connection = connection
        }
    }
    mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
        while let frame = try frames.next() {
            let (copy, aligned) = (bytes(of: frame), isAligned(frame))
            journal.note {
                $0.frames.append(copy)
                if !aligned { $0.misaligned += 1 }
            }
        }
    }
    mutating func finished(_ outbound: inout Outbound) {
        journal.note { $0.finished += 1 }
        outbound.close()
    }
    mutating func closed(_ reason: CloseReason) { journal.note { $0.closed.append(reason) } }
}

/// Does what a test says, and keeps a journal of the rest.
struct Scripted: ConnectionHandler {
    let journal: Journal
    var onOpened: @Sendable (inout Outbound) -> Void = { _ in }
    var onReceived: @Sendable (inout FrameBatch, inout Outbound) throws -> Void = { frames, _ in
        while try frames.next() != nil {}
    }
    var onWritable: @Sendable (inout Outbound) -> Void = { _ in }
    var onFinished: @Sendable (inout Outbound) -> Void = { $0.close() }

    mutating func opened(_ outbound: inout Outbound) {
        onOpened(&outbound)
        let connection = outbound.connection
        journal.note {
            $0.opened += 1
            $0.connection = connection
        }
    }
    mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws { try onReceived(&frames, &reply) }
    mutating func writable(_ outbound: inout Outbound) {
        onWritable(&outbound)
        journal.note { $0.writable += 1 }
    }
    mutating func finished(_ outbound: inout Outbound) {
        onFinished(&outbound)
        journal.note { $0.finished += 1 }
    }
    mutating func closed(_ reason: CloseReason) { journal.note { $0.closed.append(reason) } }
}
