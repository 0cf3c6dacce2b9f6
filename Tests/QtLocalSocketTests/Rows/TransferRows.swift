import RingIPC
import Testing

@testable import QtLocalSocket

/// The rows about bytes that come through.
@Suite struct TransferRows {
    @Test(arguments: backends)
    func `10 a long line arrives whole, is told once, and disconnecting has four states and no error`(_ backend: BackendChoice) throws {
        try withServer(backend) { loop, server, name in
            let socket = LocalSocket(on: loop)
            let spy = Spy(socket)
            try socket.connect(to: name)
            #expect(server.waitForNewConnection(within: safetyNet) && spy.connected == 1)
            let accepted = try #require(server.nextPendingConnection())
            #expect(accepted.state == .connected)
            let line = Array("test".utf8) + Array(repeating: UInt8(ascii: "a"), count: 50_000) + [UInt8(ascii: "\n")]
            try accepted.write(line)
            #expect(accepted.waitForBytesWritten(within: safetyNet))
            if !socket.canReadLine { #expect(socket.waitForReadyRead(within: safetyNet)) }
            #expect(socket.bytesToWrite == 0 && !socket.flush() && socket.isValid)
            #expect(spy.readyRead <= 1)
            #expect(socket.readLine() == line)
            #expect(accepted.errorString == "Unknown error" && socket.errorString == "Unknown error")
            socket.disconnect()
            #expect(spy.states == [.connecting, .connected, .closing, .unconnected])
            #expect(spy.connected == 1 && spy.disconnected == 1 && spy.errors == [])
            #expect(spy.events.suffix(4) == ["closing", "unconnected", "readChannelFinished", "disconnected"])
        }
    }

    @Test(arguments: backends)
    func `10 connecting to nobody has two states and one error`(_ backend: BackendChoice) throws {
        let socket = LocalSocket(on: try LocalEventLoop(backend: backend))
        let spy = Spy(socket)
        #expect(failure { () throws(LocalSocketError) in try socket.connect(to: uniqueName()) }?.code == .serverNotFound)
        socket.disconnect()
        #expect(spy.states == [.connecting, .unconnected] && spy.errors == [.serverNotFound] && spy.disconnected == 0)
    }

    struct Lines: Sendable {
        let input: [String]
        let output: [String]
        let limit: Int
        let wholeLinesOnly: Bool
    }

    /// An empty text stands for "nothing for now", or at the end for "nothing any more".
    static let lines = [
        Lines(
            input: ["\n", "x", "\n", "y", "y", "x", "\n"], output: ["\n", "", "", "x\n", "", "", "", "", "yyx\n", "", ""], limit: 80,
            wholeLinesOnly: true),
        Lines(
            input: ["x", "\n", "\n", "y", "y", "\n", "x", "x"],
            output: ["", "x\n", "", "\n", "", "", "", "yy\n", "", "", "", "xx", ""], limit: 80, wholeLinesOnly: true),
        Lines(input: ["\nx\nx\n"], output: ["\n", "x", "\n", "x", "\n", "", ""], limit: 1, wholeLinesOnly: false),
        Lines(input: ["x\n\n\nx", "x"], output: ["x\n", "\n", "\n", "x", "", "x", "", ""], limit: 2, wholeLinesOnly: false),
        Lines(
            input: ["On", "e.", ".\n", " \n", "tw", "o.", ".", "!\n"],
            output: ["", "One", "", "..\n", "", " \n", "", "", "two", "", "", "..!", "\n", "", ""], limit: 3,
            wholeLinesOnly: true),
        Lines(input: ["Eight\n letters"], output: ["Eight\n", "", " letters", ""], limit: 80, wholeLinesOnly: true),
        Lines(
            input: ["\nEight", " \n", " let", "ters\n"],
            output: ["\n", "Eigh", "t", "", " \n", "", " let", "", "ters", "\n", "", ""], limit: 4, wholeLinesOnly: false),
        Lines(input: ["Eight\n letter", "s"], output: ["Eight\n", " letter", "", "s", "", ""], limit: 80, wholeLinesOnly: false),
    ]

    @Test(arguments: backends, lines)
    func `11 lines are read across pieces, within a limit, and to the end`(_ backend: BackendChoice, _ lines: Lines) throws {
        try withPair(backend) { pair in
            var result: [String] = []
            for position in 0...lines.input.count {
                if position < lines.input.count {
                    try pair.accepted.write(lines.input[position])
                    #expect(pair.accepted.waitForBytesWritten(within: safetyNet) && pair.accepted.bytesToWrite == 0)
                    #expect(pair.client.waitForReadyRead(within: safetyNet))
                } else {
                    pair.accepted.close()
                    #expect(!pair.client.waitForReadyRead(within: safetyNet))
                }
                let isOver = position == lines.input.count
                while !lines.wholeLinesOnly || pair.client.bytesAvailable >= lines.limit || pair.client.canReadLine || isOver {
                    let wasEmpty = pair.client.bytesAvailable == 0
                    let line = pair.client.readLine(lines.limit)
                    if wasEmpty {
                        #expect(line == (isOver ? nil : []))
                        break
                    }
                    let text = String(decoding: try #require(line), as: UTF8.self)
                    #expect((1...lines.limit).contains(text.utf8.count))
                    result.append(text)
                }
                result.append("")
            }
            #expect(pair.client.state == .unconnected)
            #expect(result == lines.output)
        }
    }

    @Test(arguments: backends, [(10, 3, 6, 6), (20_000, 1, 10_000, 10_000), (20_000, 1, 20_000, 19_999)])
    func `12 bytes are skipped, also after the peer has gone`(
        _ backend: BackendChoice, _ sizes: (total: Int, read: Int, skip: Int, skipped: Int)
    ) throws {
        try withPair(backend) { pair in
            let bytes = (0..<sizes.total).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try pair.accepted.write(bytes)
            #expect(pair.accepted.waitForBytesWritten(within: safetyNet))
            pair.accepted.close()
            #expect(pair.client.waitForDisconnected(within: safetyNet))
            #expect(pair.client.read(sizes.read) == Array(bytes.prefix(sizes.read)))
            #expect(pair.client.skip(sizes.skip) == sizes.skipped)
            let next = bytes.dropFirst(sizes.read + sizes.skipped).prefix(1)
            #expect(pair.client.read(1) == (next.isEmpty ? nil : Array(next)))
        }
    }

    @Test(arguments: backends)
    func `13 a full read buffer leaves the rest to the kernel, and nothing is lost`(_ backend: BackendChoice) throws {
        try withPair(backend, prepare: { $0.readBufferSize = 128 }) { pair in
            let bytes = (0..<256).map { UInt8($0) }
            try pair.accepted.write(bytes)
            #expect(pair.accepted.waitForBytesWritten(within: safetyNet))
            #expect(pair.client.waitForReadyRead(within: safetyNet) && pair.client.bytesAvailable == 128)
            #expect(pair.client.read(128) == Array(bytes[..<128]))
            #expect(pair.client.waitForReadyRead(within: safetyNet))
            #expect(pair.client.read(128) == Array(bytes[128...]))
            #expect(pair.client.bytesAvailable == 0)
        }
    }

    /// A command with its length in front, as the row has them.
    private static func command(_ number: Int) -> [UInt8] {
        let body = Array("command \(number) \(String(repeating: "x", count: number % 70))".utf8)
        return withBytes(of: UInt64(body.count)) + body
    }

    private static func withBytes(of number: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) } }
    private static func number(_ bytes: [UInt8]) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

    @Test(arguments: backends)
    func `14 two thousand commands go through waits, in order`(_ backend: BackendChoice) throws {
        try withPair(backend) { pair in
            for index in 0..<2_000 {
                let command = Self.command(index)
                try pair.client.write(command)
                while pair.client.bytesToWrite > 0 { #expect(pair.client.waitForBytesWritten(within: safetyNet)) }
                while pair.accepted.bytesAvailable < command.count { #expect(pair.accepted.waitForReadyRead(within: safetyNet)) }
                let length = Self.number(try #require(pair.accepted.read(8)))
                guard length == command.count - 8, pair.accepted.read(length) == Array(command[8...]) else {
                    Issue.record("command \(index) did not come as it was sent")
                    return
                }
            }
        }
    }

    @Test(arguments: backends)
    func `15 five hundred commands are put together in readyRead, and abort ends at once`(_ backend: BackendChoice) throws {
        try withPair(backend) { pair in
            let spy = Spy(pair.client)
            let reader = Spy(pair.accepted)
            var received = 0
            var length = 0
            reader.inReadyRead = { socket in
                while true {
                    if length == 0 {
                        guard socket.bytesAvailable >= 8 else { return }
                        length = Self.number(socket.read(8) ?? [])
                    }
                    guard socket.bytesAvailable >= length else { return }
                    #expect(socket.read(length) == Array(Self.command(received)[8...]))
                    received += 1
                    length = 0
                }
            }
            for index in 0..<500 {
                try pair.client.write(Self.command(index))
                if index % 10 == 0 { try pair.loop.processEvents(within: .milliseconds(1)) }
            }
            pair.client.abort()
            #expect(pair.client.state == .unconnected && spy.disconnected == 1 && pair.client.bytesToWrite == 0 && !pair.client.isOpen)
            #expect(pair.accepted.waitForDisconnected(within: safetyNet))
            #expect((491...500).contains(received))
        }
    }

    @Test(arguments: backends)
    func `30 a socket that is only for writing has nothing to read, and sees the peer go`(_ backend: BackendChoice) throws {
        try withPair(backend, mode: .writeOnly) { pair in
            try pair.accepted.write("dropped")
            #expect(pair.accepted.waitForBytesWritten(within: safetyNet))
            #expect(pair.client.bytesAvailable == 0 && pair.client.read(1) == nil && pair.client.state == .connected)
            pair.accepted.abort()
            #expect(pair.client.waitForDisconnected(within: nil))
            #expect(pair.client.state == .unconnected)
        }
    }

    @Test(arguments: backends)
    func `34 what was sent is told by the loop, without a flush`(_ backend: BackendChoice) throws {
        try withPair(backend) { pair in
            let spy = Spy(pair.client)
            try pair.client.write("testing\n")
            #expect(spy.isSilent && pair.client.bytesToWrite == 8)
            try pair.loop.run(until: "bytesWritten") { !spy.written.isEmpty }
            #expect(spy.written == [8] && pair.client.bytesToWrite == 0)
        }
    }
}
