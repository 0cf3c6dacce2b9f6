import RingIPC
import Testing

@testable import QtLocalSocket

@Suite struct LocalNameTests {
    @Test func `a bare name is a file in the directory for temporary files`() {
        #expect(LocalName.path(for: "name", temporaryDirectory: nil) == "/tmp/name")
        #expect(LocalName.path(for: "name", temporaryDirectory: "") == "/tmp/name")
        #expect(LocalName.path(for: "name", temporaryDirectory: "/run/user/1000/") == "/run/user/1000/name")
        #expect(LocalName.path(for: "a/b", temporaryDirectory: "/x//y/./z/..") == "/x/y/a/b")
        #expect(LocalName.path(for: "/run/../name", temporaryDirectory: "/x") == "/run/../name")
        #expect(LocalName.path(for: "é\u{301}", temporaryDirectory: "/x") == "/x/é\u{301}")
    }

    @Test(arguments: [
        ("/", "/"), ("//", "/"), ("/a", "/a"), ("/a/", "/a"), ("/a//b", "/a/b"), ("/a/./b/.", "/a/b"), ("/a/../b", "/b"), ("/..", "/"),
        ("/../a", "/a"), ("/a/b/../../c", "/c"), ("a/..", "."), ("../a", "../a"), ("a/../../b", "../b"), (".", "."), ("./a", "a"),
    ])
    func `a path is cleaned as Qt cleans it`(_ path: String, _ cleaned: String) {
        #expect(LocalName.cleaned(path) == cleaned)
    }

    @Test func `the name of a server is the last component of its path, or the whole of an abstract name`() {
        #expect(LocalName.serverName(of: .path("/run/a/b")) == "b")
        #expect(LocalName.serverName(of: .path("b")) == "b")
        #expect(LocalName.serverName(of: .abstract("a/b")) == "a/b")
        #expect(LocalName.serverName(of: nil) == "" && LocalName.fullName(of: .descriptor(3)) == "")
        #expect(LocalName.fullName(of: .path("/run/a/b")) == "/run/a/b")
    }
}
