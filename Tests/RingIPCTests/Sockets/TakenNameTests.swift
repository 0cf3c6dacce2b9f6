import Glibc
import Testing

@testable import RingIPC

@Suite struct TakenNameTests {
    let configuration = Configuration()

    @Test func `a stale file is replaced`() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("s")
        Plain.leaveStaleFile(path)
        #expect(connectFailure(.path(path))?.code == .connectionRefused)
        let listener = try ListeningSocket(.path(path), configuration: configuration)
        #expect(try listener.answers(.path(path)))
        #expect(directory.entries == ["s"], "the lock file is there only while the file changes hands")
        listener.close()
        #expect(directory.entries == [])
    }

    @Test func `a live server of this library is refused and unharmed`() throws {
        let directory = TemporaryDirectory()
        let endpoint = Endpoint.path(directory.file("s"))
        let listener = try ListeningSocket(endpoint, configuration: configuration)
        #expect(listenFailure(endpoint)?.code == .addressInUse)
        switch try listener.accept() {
        case .some: Issue.record("the question whether it lives appeared as a client")
        case .none: break
        }
        #expect(try listener.answers(endpoint))
        #expect(directory.entries == ["s"])
    }

    @Test func `a live server of another program is refused and unharmed`() throws {
        let directory = TemporaryDirectory()
        let endpoint = Endpoint.path(directory.file("s"))
        let server = Plain.listening(directory.file("s"))
        #expect(listenFailure(endpoint)?.code == .addressInUse)
        #expect(connectFailure(endpoint) == nil)
        #expect(server.descriptor >= 0 && directory.entries == ["s"])
    }

    @Test func `a server between bind and listen is alive`() {
        let directory = TemporaryDirectory()
        let server = Plain.bound(directory.file("s"))
        #expect(connectFailure(.path(directory.file("s")))?.code == .connectionRefused)
        #expect(listenFailure(.path(directory.file("s")))?.code == .addressInUse)
        #expect(server.descriptor >= 0 && directory.entries == ["s"])
    }

    @Test(arguments: [Int32(SOCK_DGRAM.rawValue), Int32(SOCK_SEQPACKET.rawValue)])
    func `a live socket of another type is refused, and a stale one replaced`(type: Int32) {
        let directory = TemporaryDirectory()
        let path = directory.file("s")
        do {
            let server = Plain.bound(path, type: type)
            #expect(listenFailure(.path(path))?.code == .addressInUse)
            #expect(connectFailure(.path(path))?.code == .incompatiblePeer)
            #expect(server.descriptor >= 0 && exists(path))
        }
        Plain.awaitEnd(path)
        #expect(listenFailure(.path(path)) == nil)
    }

    @Test func `a live server with a full queue is refused and unharmed`() throws {
        let directory = TemporaryDirectory()
        let endpoint = Endpoint.path(directory.file("s"))
        let listener = try ListeningSocket(endpoint, configuration: .with { $0.listenBacklog = 0 })
        let client = try Socket.connect(to: endpoint, timeout: .zero)
        #expect(connectFailure(endpoint, timeout: .zero)?.code == .timedOut, "the queue is full")
        #expect(listenFailure(endpoint)?.code == .addressInUse)
        #expect(directory.entries == ["s"] && client.descriptor >= 0 && listener.descriptor >= 0)
    }

    enum Obstacle: CaseIterable { case regularFile, directory, fifo, danglingLink, linkToLiveSocket, linkToStaleSocket }

    @Test(arguments: Obstacle.allCases)
    func `what is not a socket is refused and stays`(obstacle: Obstacle) throws {
        let directory = TemporaryDirectory()
        let path = directory.file("s")
        var live: Socket? = nil
        switch obstacle {
        case .regularFile: Plain.makeFile(path)
        case .directory: #expect(unsafe mkdir(path, 0o700) == 0)
        case .fifo: #expect(unsafe mkfifo(path, 0o600) == 0)
        case .danglingLink: #expect(unsafe symlink("nowhere", path) == 0)
        case .linkToLiveSocket:
            live = Plain.listening(directory.file("other"))
            #expect(unsafe symlink("other", path) == 0)
        case .linkToStaleSocket:
            Plain.leaveStaleFile(directory.file("other"))
            #expect(unsafe symlink("other", path) == 0)
        }
        let before = directory.entries
        let inode = try #require(status(path)).st_ino
        let error = listenFailure(.path(path))
        #expect(error?.code == .notASocket)
        #expect(directory.entries == before && status(path)?.st_ino == inode)
        if obstacle == .regularFile { #expect(connectFailure(.path(path))?.code == .notASocket) }
        _ = consume live
    }

    @Test func `a listener whose file is gone or replaced leaves the successor's alone`() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("s")
        let old = try ListeningSocket(.path(path), configuration: configuration)
        #expect(unsafe unlink(path) == 0)
        let successor = try ListeningSocket(.path(path), configuration: configuration)
        old.close()
        #expect(try successor.answers(.path(path)))

        #expect(unsafe unlink(path) == 0)
        Plain.makeFile(path)
        successor.close()
        #expect(directory.entries == ["s"], "a file that took the place stays too")
    }

    @Test func `the end of its scope closes a listener and removes its file`() throws {
        let directory = TemporaryDirectory()
        do {
            let listener = try ListeningSocket(.path(directory.file("s")), configuration: configuration)
            #expect(directory.entries == ["s"] && listener.descriptor >= 0)
        }
        #expect(directory.entries == [])
    }

    // MARK: The lock

    @Test func `a lock that is held is waited for with a bound, and named`() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("s")
        let held = try NameLock(guarding: .path(path), at: path)
        #expect(directory.entries == ["s.lock"] && permissions(path + ".lock") == 0o600)
        let error = failure { () throws(TransportError) in _ = try NameLock(guarding: .path(path), at: path, timeout: 1) }
        #expect(error?.code == .addressInUse && error?.detail.contains("\(path).lock") == true)
        _ = consume held
        #expect(directory.entries == [])
    }

    @Test func `a lock file that a crash left is no obstacle`() {
        let directory = TemporaryDirectory()
        Plain.makeFile(directory.file("s.lock"))
        Plain.leaveStaleFile(directory.file("s"))
        #expect(listenFailure(.path(directory.file("s"))) == nil)
        #expect(directory.entries == [])
    }

    @Test func `a lock file that was removed under its holder is not removed again`() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("s")
        let first = try NameLock(guarding: .path(path), at: path)
        #expect(unsafe unlink(path + ".lock") == 0)
        let second = try NameLock(guarding: .path(path), at: path)
        _ = consume first
        #expect(directory.entries == ["s.lock"])
        _ = consume second
        #expect(directory.entries == [])
    }

    @Test func `the lock of a file that another holder has removed meanwhile does not count`() throws {
        let directory = TemporaryDirectory()
        let lockPath = directory.file("s.lock")
        Plain.makeFile(lockPath)
        // What a starter has that opens the file just before its holder removes it.
        let late = unsafe open(lockPath, O_RDWR | O_CLOEXEC)
        defer { close(late) }
        #expect(NameLock.lock(late, named: lockPath) == .held)
        #expect(flock(late, LOCK_UN) == 0)
        #expect(unsafe unlink(lockPath) == 0)
        #expect(NameLock.lock(late, named: lockPath) == .retry, "no file")
        let other = try NameLock(guarding: .path(directory.file("s")), at: directory.file("s"))
        #expect(NameLock.lock(late, named: lockPath) == .retry, "another file, whose lock somebody holds")
        let again = unsafe open(lockPath, O_RDWR | O_CLOEXEC)
        #expect(NameLock.lock(again, named: lockPath) == .busy)
        close(again)
        #expect(NameLock.lock(1 << 30, named: lockPath) == .failed(EBADF), "not open")
        _ = consume other
    }

    @Test func `a link in the lock file's place is not followed, a directory not used`() {
        let directory = TemporaryDirectory()
        #expect(unsafe symlink(directory.file("target"), directory.file("s.lock")) == 0)
        #expect(listenFailure(.path(directory.file("s")))?.code == .accessDenied)
        #expect(directory.entries == ["s.lock"])
        #expect(unsafe unlink(directory.file("s.lock")) == 0)
        #expect(unsafe mkdir(directory.file("s.lock"), 0o700) == 0)
        let error = listenFailure(.path(directory.file("s")))
        #expect(error?.code == .accessDenied && error?.detail.contains("a directory") == true)
    }
}
