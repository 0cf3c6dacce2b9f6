import Foundation
import Glibc
import Synchronization
import Testing

@testable import RingIPC

@Suite struct SocketFileModeTests {
    @Test func `by default only the owner may connect`() throws {
        let directory = TemporaryDirectory()
        let listener = try ListeningSocket(.path(directory.file("s")), configuration: Configuration())
        #expect(permissions(directory.file("s")) == 0o600)
        listener.close()
    }

    @Test(arguments: [0o1600, 0o10000, UInt32.max])
    func `a mode with more than permission bits is refused before anything is made`(mode: UInt32) {
        let directory = TemporaryDirectory()
        #expect(listenFailure(.path(directory.file("s")), .with { $0.socketFileMode = mode })?.code == .invalidConfiguration)
        #expect(directory.entries == [])
    }

    /// The umask belongs to the process, so that it is changed in one of its own.
    @Test func `the mode is exactly the configured one under any umask, which stays as it is`() async {
        await #expect(processExitsWith: .success) {
            let directory = TemporaryDirectory()
            let endpoint = Endpoint.path(directory.file("s"))
            for mask: mode_t in [0, 0o022, 0o077, 0o277, 0o777] {
                for mode: UInt32 in [0, 0o600, 0o660, 0o666, 0o700, 0o070, 0o007, 0o777] {
                    umask(mask)
                    let listener = try ListeningSocket(endpoint, configuration: .with { $0.socketFileMode = mode })
                    require(umask(0) == mask, "umask \(mask)")
                    require(permissions(directory.file("s")) == mode, "\(mode) under \(mask)")
                    listener.close()
                }
            }
            require(directory.entries == [])
        }
    }

    @Test func `no other mode is ever more open than the configured one`() async {
        await #expect(processExitsWith: .success) {
            let directory = TemporaryDirectory()
            let path = directory.file("s")
            umask(0o022)
            let watch = Watch()
            Thread { watch.look(at: path) }.start()
            // At least as long as it takes to be seen.
            var rounds = 0
            while rounds < 2000 || watch.sightings.load(ordering: .relaxed) < 10 {
                let error = listenFailure(.path(path), .with { $0.socketFileMode = 0o620 })
                require(error == nil, "\(String(describing: error))")
                rounds += 1
            }
            let widest = watch.widest.load(ordering: .relaxed)
            require(widest & ~0o620 == 0, "\(widest)")
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can become another user"))
    func `the mode keeps another user out, or lets him in`() async {
        await #expect(processExitsWith: .success) {
            let directory = TemporaryDirectory()
            let endpoint = Endpoint.path(directory.file("s"))
            _ = unsafe chmod(directory.path, 0o755)
            for (mode, expected): (UInt32, TransportError.Code?) in [
                (0o600, .accessDenied), (0o660, .accessDenied), (0o665, .accessDenied), (0o606, nil), (0o666, nil), (0o002, nil),
            ] {
                let listener = try ListeningSocket(endpoint, configuration: .with { $0.socketFileMode = mode })
                let error = asAnotherUser { connectFailure(endpoint, timeout: .zero) }
                require(error?.code == expected, "\(mode): \(String(describing: error))")
                listener.close()
            }
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can become another user"))
    func `a directory that is not ours is named as the cause`() async {
        await #expect(processExitsWith: .success) {
            let directory = TemporaryDirectory()
            let path = directory.file("s")
            _ = unsafe chmod(directory.path, 0o755)
            let error = asAnotherUser { listenFailure(.path(path)) }
            require(error?.code == .accessDenied && error?.detail.contains("directory") == true, "\(String(describing: error))")
            require(directory.entries == [])
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can become another user"))
    func `a stale file that this user may not judge stays`() async {
        await #expect(processExitsWith: .success) {
            let directory = TemporaryDirectory()
            let path = directory.file("s")
            // A sticky directory for everybody, as /tmp is.
            _ = unsafe chmod(directory.path, 0o1777)
            Plain.leaveStaleFile(path)
            _ = unsafe chmod(path, 0o600)
            var error = asAnotherUser { listenFailure(.path(path)) }
            require(error?.code == .accessDenied && exists(path), "\(String(describing: error))")
            // Now it may be judged, but not removed.
            _ = unsafe chmod(path, 0o666)
            error = asAnotherUser { listenFailure(.path(path)) }
            require(error?.code == .accessDenied && exists(path), "\(String(describing: error))")
            require(directory.entries == ["s"])
        }
    }
}

private final class Watch: Sendable {
    let widest = Atomic<UInt32>(0)
    let sightings = Atomic(0)

    func look(at path: String) {
        while true {
            guard let seen = permissions(path) else { continue }
            widest.bitwiseOr(seen, ordering: .relaxed)
            sightings.add(1, ordering: .relaxed)
        }
    }
}

/// Runs `body` as `nobody`, without groups and capabilities. For a process of its own: the ids belong to all threads.
func asAnotherUser<Result>(_ body: () -> Result) -> Result {
    require(setgroups(0, nil) == 0 && setegid(65534) == 0 && seteuid(65534) == 0)
    defer { require(seteuid(0) == 0 && setegid(0) == 0) }
    return body()
}
