import Glibc
import Testing

@testable import RingIPC

@Suite struct CredentialTests {
    private func isSameUser(_ policy: AcceptPolicy) -> Bool { if case .sameUser = policy { true } else { false } }
    private func isAnyone(_ policy: AcceptPolicy) -> Bool { if case .anyone = policy { true } else { false } }

    @Test func `both ends see who the other is`() throws {
        let endpoint = Endpoint.abstract(uniqueAbstractName())
        let listener = try ListeningSocket(endpoint, configuration: Configuration())
        let client = try Socket.connect(to: endpoint, timeout: .zero)
        let expected = PeerCredentials(
            processIdentifier: getpid(), userIdentifier: geteuid(), groupIdentifier: getegid())
        #expect(try client.peerCredentials(during: .connect) == expected)
        switch try listener.accept() {
        case .some(let accepted): #expect(try listener.admits(accepted) == expected)
        case .none: Issue.record("nobody was there")
        }
    }

    @Test func `by default a path admits anyone, an abstract name the same user`() throws {
        let directory = TemporaryDirectory()
        let onPath = try ListeningSocket(.path(directory.file("s")), configuration: Configuration())
        #expect(isAnyone(onPath.acceptPolicy))
        let onName = try ListeningSocket(.abstract(uniqueAbstractName()), configuration: Configuration())
        #expect(isSameUser(onName.acceptPolicy))
    }

    @Test func `a configured policy goes before the default`() throws {
        let listener = try ListeningSocket(.abstract(uniqueAbstractName()), configuration: .with { $0.acceptPolicy = .anyone })
        #expect(isAnyone(listener.acceptPolicy))
    }

    @Test func `each policy decides by what the kernel recorded`() {
        let us = PeerCredentials(processIdentifier: 1, userIdentifier: geteuid(), groupIdentifier: 7)
        let other = PeerCredentials(processIdentifier: 1, userIdentifier: geteuid() &+ 1, groupIdentifier: 7)
        #expect(AcceptPolicy.anyone.accepts(us) && AcceptPolicy.anyone.accepts(other))
        #expect(AcceptPolicy.sameUser.accepts(us) && !AcceptPolicy.sameUser.accepts(other))
        let users = AcceptPolicy.users([other.userIdentifier])
        #expect(!users.accepts(us) && users.accepts(other) && !AcceptPolicy.users([]).accepts(us))
        let custom = AcceptPolicy.custom { $0.groupIdentifier == 7 && $0.userIdentifier != geteuid() }
        #expect(!custom.accepts(us) && custom.accepts(other))
    }

    @Test func `a peer that the policy refuses is not admitted`() throws {
        let endpoint = Endpoint.abstract(uniqueAbstractName())
        let listener = try ListeningSocket(endpoint, configuration: .with { $0.acceptPolicy = .custom { _ in false } })
        let client = try Socket.connect(to: endpoint, timeout: .zero)
        switch try listener.accept() {
        case .some(let accepted): #expect(try listener.admits(accepted) == nil)
        case .none: Issue.record("nobody was there")
        }
        #expect(client.descriptor >= 0)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can become another user"))
    func `another user is recognised, on an abstract name and on a path`() async {
        await #expect(processExitsWith: .success) {
            let directory = TemporaryDirectory()
            _ = unsafe chmod(directory.path, 0o755)
            for (endpoint, isAdmitted) in [
                (Endpoint.abstract(uniqueAbstractName()), false), (.path(directory.file("s")), true),
            ] {
                let listener = try ListeningSocket(endpoint, configuration: .with { $0.socketFileMode = 0o666 })
                let error = asAnotherUser { connectFailure(endpoint, timeout: .zero) }
                require(error == nil, "\(String(describing: error))")
                switch try listener.accept() {
                case .some(let accepted):
                    let credentials = try accepted.peerCredentials(during: .accept)
                    require(credentials.userIdentifier == 65534 && credentials.groupIdentifier == 65534, "\(credentials)")
                    require(try (listener.admits(accepted) != nil) == isAdmitted, "\(endpoint)")
                case .none: require(false, "nobody was there")
                }
                listener.close()
            }
        }
    }
}
