import Glibc
import RingIPC

/// RingIPC at the other end of a Qt program: `ringipc-qt-peer client|server BACKEND ADDRESS FORM LENGTHS [OPTION=VALUE...]`.
///
/// Prints `READY` when a server listens, and at the end one line: whole messages, views, and how it ended.
@main
enum Main {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count > 1, let options = Options(arguments.dropFirst(2)) else {
            say("usage: ringipc-qt-peer client|server BACKEND ADDRESS FORM LENGTHS [OPTION=VALUE...]")
            exit(64)
        }
        do {
            if arguments[1] == "server" { try serve(options) } else { try Client(options).run() }
        } catch let error as TransportError {
            report(options.checker, end: "\(error.code)", detail: error.detail)
        }
    }
}

/// At once: somebody waits for it.
func say(_ line: String) {
    print(line)
    fflush(nil)
}

func report(_ checker: Checker, end: String, detail: String = "") {
    say("messages \(checker.count) pieces \(checker.pieces) end \(end) \(detail)")
}
