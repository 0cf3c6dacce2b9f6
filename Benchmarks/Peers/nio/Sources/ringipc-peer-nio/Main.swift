import About
import Glibc
import Kit

@main
struct Main {
    static func main() {
        var about = unsafe nio_about
        let status = unsafe kit_main(
            CommandLine.argc, CommandLine.unsafeArgv, &about, { unsafe run(serve, $0) }, { unsafe run(ask, $0) })
        exit(status)
    }
}

private func run(_ side: (Work) throws -> Void, _ kit: OpaquePointer?) {
    guard let kit = unsafe kit else { fail("the kit is missing") }
    do {
        try unsafe side(Work(kit))
    } catch {
        fail("\(error)")
    }
}
