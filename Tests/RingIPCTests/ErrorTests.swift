import Foundation
import Testing
import RingIPC

@Suite struct TransportErrorTests {
    @Test func `the description says what, where, why and what to do`() {
        let error = TransportError(.notFound, during: .connect, on: .path("/nowhere"), systemError: 2, detail: "start the server")
        #expect(error.description == "connect /nowhere: start the server (errno 2, No such file or directory)")
    }
}
