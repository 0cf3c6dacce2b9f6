import Glibc
import Testing

@testable import RingIPC

@Suite struct NameTests {
    @Test func `the limit is the kernel's: 108 bytes less one zero`() {
        #expect(Endpoint.maximumNameLength == 107)
    }

    @Test(arguments: [Endpoint.path(String(repeating: "x", count: 108)), .abstract(String(repeating: "x", count: 108))])
    func `a name that is too long is refused with its length and the limit`(endpoint: Endpoint) throws {
        for error in [listenFailure(endpoint), connectFailure(endpoint)] {
            #expect(error?.code == .invalidEndpoint)
            #expect(error?.detail.contains("108 bytes") == true && error?.detail.contains("107") == true)
        }
    }

    @Test(arguments: [Endpoint.path(""), .abstract(""), .path("/tmp/a\0b"), .descriptor(-1)])
    func `a name that no socket can have is refused`(endpoint: Endpoint) {
        #expect(listenFailure(endpoint)?.code == .invalidEndpoint)
        #expect(connectFailure(endpoint)?.code == .invalidEndpoint)
    }

    @Test func `a path of exactly the limit works`() throws {
        let directory = TemporaryDirectory()
        let path = directory.file(String(repeating: "p", count: 107 - directory.path.utf8.count - 1))
        #expect(path.utf8.count == 107)
        let listener = try ListeningSocket(.path(path), configuration: Configuration())
        #expect(try listener.answers(.path(path)))
        listener.close()
        #expect(directory.entries == [])
    }

    @Test func `an abstract name of exactly the limit works`() throws {
        let start = uniqueAbstractName()
        let endpoint = Endpoint.abstract(start + String(repeating: "a", count: 107 - start.utf8.count))
        let listener = try ListeningSocket(endpoint, configuration: Configuration())
        #expect(try listener.answers(endpoint))
    }

    @Test func `an abstract name is exact: a zero byte at its end or inside makes another name`() throws {
        let endings = ["", "\0", "\0x", "/x"]
        for ending in endings {
            let name = uniqueAbstractName()
            let endpoint = Endpoint.abstract(name + ending)
            let listener = try ListeningSocket(endpoint, configuration: Configuration())
            #expect(try listener.answers(endpoint))
            for other in endings where other != ending {
                #expect(connectFailure(.abstract(name + other))?.code == .connectionRefused, "\(other)")
            }
        }
    }

    @Test func `an abstract name is not a path`() throws {
        let directory = TemporaryDirectory()
        let listener = try ListeningSocket(.abstract(directory.file("s")), configuration: Configuration())
        #expect(directory.entries == [])
        #expect(connectFailure(.path(directory.file("s")))?.code == .notFound)
        listener.close()
    }

    @Test func `an abstract name that is taken is refused`() throws {
        let endpoint = Endpoint.abstract(uniqueAbstractName())
        let listener = try ListeningSocket(endpoint, configuration: Configuration())
        #expect(listenFailure(endpoint)?.code == .addressInUse)
        #expect(try listener.answers(endpoint))
    }

    @Test func `a directory that does not exist is named as the cause`() {
        let directory = TemporaryDirectory()
        let error = listenFailure(.path(directory.file("none/s")))
        #expect(error?.code == .notFound)
        #expect(error?.detail.contains("directory") == true)
        Plain.makeFile(directory.file("file"))
        #expect(listenFailure(.path(directory.file("file/s")))?.code == .notFound)
    }
}
