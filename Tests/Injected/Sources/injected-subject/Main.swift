import Exchange
import Foundation
import RingIPC

/// `injected-subject ROLE BACKEND ENDPOINT COUNT [DESCRIPTORS]`: the program whose system calls are made to fail.
///
/// It prints `READY` when everything is there that the faults should not hit: the loaded program, the Swift runtime, and a listening socket. It goes on
/// when a line comes in, and prints its ``Outcome`` as a line of JSON.
@main
enum Main {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 5, let backend = BackendChoice(rawValue: arguments[2]), let count = Int(arguments[4]) else {
            print("usage: injected-subject serve|accept|connect BACKEND ENDPOINT COUNT [DESCRIPTORS]")
            exit(64)
        }
        let configuration = Configuration.sleeping(on: backend)
        let endpoint = try Endpoint(arguments[3])
        let encoder = JSONEncoder()
        // What a first use of it allocates is not part of the test either.
        _ = try encoder.encode(Outcome())

        let outcome: Outcome
        switch arguments[1] {
        case "serve":
            let server = try Server(configuration, endpoint, connections: count)
            waitForStart(limit: arguments.dropFirst(5).first)
            outcome = server.run()
        case "accept":
            var listener = try Listener(endpoint, configuration: configuration)
            waitForStart()
            outcome = accept(from: &listener, connections: count)
        case "connect":
            waitForStart()
            outcome = connect(to: endpoint, configuration)
        default: exit(64)
        }
        print(String(decoding: try encoder.encode(outcome), as: UTF8.self))
    }

    private static func waitForStart(limit: String? = nil) {
        print("READY")
        fflush(nil)
        _ = readLine()
        guard let count = limit.flatMap({ rlim_t($0) }) else { return }
        var limit = rlimit(rlim_cur: count, rlim_max: count)
        precondition(unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
    }
}
