import Glibc
import QtLocalSocket
import RingIPC

/// QtLocalSocket at the other end of a Qt program, led step by step: `ringipc-qt-local BACKEND`. `Peer/steps.cpp` has the same steps.
///
/// Each line of the input is a step: who (the server, or a socket's number), a method by its name in Qt, and its arguments. Each is
/// answered by a line. Nothing happens between two steps.
@main
enum Main {
    static func main() throws {
        guard CommandLine.arguments.count == 2, let backend = BackendChoice(rawValue: CommandLine.arguments[1]) else {
            print("usage: ringipc-qt-local BACKEND")
            exit(64)
        }
        let host = Host(on: try LocalEventLoop(backend: backend))
        while let line = readLine() {
            let words = line.split(separator: " ").map(String.init)
            print(host.answer(words[0], words[1], words.dropFirst(2).map(Word.init)))
            fflush(nil)
        }
    }
}

/// An argument of a step. Bytes and texts are hexadecimal digits after an x, so that none of them is empty.
struct Word {
    private let spelling: String

    init(_ spelling: String) { self.spelling = spelling }

    var number: Int { Int(spelling)! }
    var text: String { String(decoding: bytes, as: UTF8.self) }
    var name: String { spelling }

    var bytes: [UInt8] {
        let digits = spelling.utf8.dropFirst().map { UInt8(Character(Unicode.Scalar($0)).hexDigitValue!) }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}

func spelled(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef")
    return "x" + String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
}

func spelled(_ text: String) -> String { spelled(Array(text.utf8)) }

/// -1 where Qt has it: nothing will arrive any more.
func spelled(_ bytes: [UInt8]?) -> String { bytes.map { spelled($0) } ?? "-1" }
