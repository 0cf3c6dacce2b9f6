import Glibc
import Testing

@testable import RingIPC

/// A half-close and a close look the same to who only reads; the difference is whether an answer can still arrive.
@Suite struct PeerStateTests {
    @Test(arguments: Machine.blockingChoices, FrameFormat.all)
    func `a half-close is told from a close`(_ backend: BackendChoice, _ format: FrameFormat) throws {
        let (peer, descriptor) = RawPeer.pair()
        let configuration = Configuration.with {
            $0.backend = backend
            $0.format = format
        }
        var connection = try Connection(connectingTo: .descriptor(descriptor), configuration: configuration)
        #expect(connection.peerState == .open)
        try peer.write(WireBytes.opening(format) + WireBytes.frame([1], format))
        #expect(connection.peerState == .open)
        peer.finishWriting()
        #expect(connection.peerState == .finishedSending)
        // It still reads: an answer arrives.
        #expect(try connection.receive { frame, reply in try reply.send(frame.bytes) } != nil)
        try connection.flush()
        let answer = WireBytes.frame([1], format)
        let hello = format == .native ? Hello.encodedLength : 0
        #expect(try peer.read(exactly: hello + answer.count).suffix(answer.count) == answer[...])
        peer.close()
        // Not at once, if another test is just starting a process: that has a copy of the peer's socket until its exec.
        let limit = ContinuousClock.now + safetyNet
        while connection.peerState != .closed, ContinuousClock.now < limit { sched_yield() }
        #expect(connection.peerState == .closed)
    }
}
