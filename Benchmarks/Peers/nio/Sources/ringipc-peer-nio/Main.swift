import About
import Glibc
import Kit

@main
struct Main {
    static func main() {
        var about = unsafe nio_about
        let status = unsafe kit_main(CommandLine.argc, CommandLine.unsafeArgv, &about, { run(serve, $0) }, { run(ask, $0) })
        exit(status)
    }

    private static func run(_ side: (Work) throws -> Void, _ kit: OpaquePointer?) {
        guard let kit = unsafe kit else { fail("no kit") }
        do {
            try side(Work(kit))
        } catch {
            fail("\(error)")
        }
    }
}
