import Glibc
import Testing

@testable import RingIPC

@Suite struct DescriptorAdoptionTests {
    /// Fresh sockets in non-blocking mode and without close-on-exec: what adopting has to change.
    private func pair() -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        let result = unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0, &ends)
        precondition(result == 0)
        return (ends[0], ends[1])
    }

    @Test func `a connected socket is adopted, set up, and closed with its owner`() throws {
        let (ours, theirs) = pair()
        let other = Socket(owning: theirs)
        do {
            let socket = try Socket.connect(to: .descriptor(ours), timeout: .zero)
            #expect(socket.descriptor == ours && isCloseOnExec(ours) && !isNonBlocking(ours))
        }
        // The other end sees the end of the stream: a number could be in use again by another test.
        var byte: UInt8 = 0
        #expect(unsafe read(other.descriptor, &byte, 1) == 0)
    }

    @Test func `a released descriptor stays open`() throws {
        let (ours, theirs) = pair()
        let other = Socket(owning: theirs)
        let descriptor = try Socket.connect(to: .descriptor(ours), timeout: .zero).release()
        #expect(descriptor == ours && isOpen(descriptor) && other.descriptor >= 0)
        close(descriptor)
    }

    enum Unsuitable: CaseIterable { case closed, notASocket, network, datagram, sequenced, unconnected }

    @Test(arguments: Unsuitable.allCases)
    func `what is not a Unix stream socket is refused by both and left as it is`(kind: Unsuitable) {
        let descriptor: Int32 =
            switch kind {
            case .closed: 1 << 30
            case .notASocket: unsafe open("/dev/null", O_RDWR)
            case .network: socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            case .datagram: socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
            case .sequenced: socket(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0)
            case .unconnected: socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            }
        let expected: TransportError.Code = kind == .notASocket ? .notASocket : .invalidEndpoint
        for error in [connectFailure(.descriptor(descriptor)), listenFailure(.descriptor(descriptor))] {
            #expect(error?.code == expected && error?.endpoint == .descriptor(descriptor))
        }
        guard kind != .closed else { return }
        #expect(isOpen(descriptor) && !isCloseOnExec(descriptor) && !isNonBlocking(descriptor))
        close(descriptor)
    }

    @Test func `a listening socket is no connection, a connection is no listening socket`() {
        let directory = TemporaryDirectory()
        let listening = Plain.listening(directory.file("s"))
        #expect(connectFailure(.descriptor(listening.descriptor))?.code == .invalidEndpoint)
        let (ours, theirs) = pair()
        #expect(listenFailure(.descriptor(ours))?.code == .invalidEndpoint)
        #expect(isOpen(listening.descriptor) && isOpen(ours))
        close(ours)
        close(theirs)
    }

    @Test func `an adopted listening socket has its name and policy, and its file is left to its maker`() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("s")
        let descriptor = Plain.listening(path).release()
        let listener = try ListeningSocket(.descriptor(descriptor), configuration: Configuration())
        #expect(listener.descriptor == descriptor && listener.endpoint == .path(path))
        #expect(isCloseOnExec(descriptor) && isNonBlocking(descriptor))
        guard case .anyone = listener.acceptPolicy else { return #expect(Bool(false), "the file's mode decides") }
        #expect(try listener.answers(.path(path)))
        listener.close()
        #expect(directory.entries == ["s"])
    }

    @Test func `an adopted abstract listening socket admits the same user only`() throws {
        let name = uniqueAbstractName() + "\0x"
        let made = try ListeningSocket(.abstract(name), configuration: Configuration())
        let listener = try ListeningSocket(.descriptor(dup(made.descriptor)), configuration: Configuration())
        #expect(listener.endpoint == .abstract(name))
        guard case .sameUser = listener.acceptPolicy else { return #expect(Bool(false), "no file mode protects it") }
        made.close()
        #expect(try listener.answers(.abstract(name)))
    }
}
