import RingIPC
import Testing

/// Endpoints as text.
@Suite struct EndpointTests {
    @Test(arguments: ["/run/echo.sock", "/", "@echo", "@@", "@a\0b", "fd:0", "fd:2147483647"])
    func `what a description gives is read again`(_ text: String) throws {
        #expect(try Endpoint(text).description == text)
    }

    @Test(arguments: ["/\u{301}cole", "@\u{659}", "/\u{FE0F}", "@\u{200D}"])
    func `a first letter that joins the sign before it is a letter of the name`(_ text: String) throws {
        let endpoint = try Endpoint(text)
        #expect(Array(endpoint.description.utf8) == Array(text.utf8))
        if case .abstract(let name) = endpoint { #expect(Array(name.utf8) == Array(text.utf8.dropFirst())) }
    }

    @Test(arguments: [
        "", "echo", "./echo", "@", "fd", "fd:", "fd:+3", "fd:-0", "fd:-1", "fd:007", "fd: 3", "fd:2147483648", "FD:3", "/a\0b",
    ])
    func `any other text is refused`(_ text: String) {
        let error = #expect(throws: TransportError.self) { try Endpoint(text) }
        #expect(error?.code == .invalidEndpoint)
    }
}
