internal import ArgumentParser
internal import Glibc

@main
struct RingIPCBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ringipc-bench",
        abstract: "Measures local IPC between two processes: epoll, io_uring, and the C programs that show the limit.",
        discussion: """
            Every message is verified; a lost, repeated, torn or reordered one is a failure. The processes are bound to two \
            physical cores, see --pin. Start with 'run'.
            """,
        subcommands: [
            RunCommand.self, CompareCommand.self, ReportCommand.self, PingpongCommand.self, StreamCommand.self, BurstCommand.self,
            RateCommand.self, DepthCommand.self, SizesCommand.self, PaceCommand.self, FaninCommand.self, IdleCommand.self,
            ConnectCommand.self,
            ServeCommand.self, ProbeCommand.self, ParseCommand.self, OverheadCommand.self, SoakCommand.self, LimitsCommand.self,
            PeersCommand.self,
            BackendsCommand.self, PeerCommand.self,
        ])

    /// Scripts rely on one line for what is wrong, and on 64 (EX_USAGE of sysexits.h) for wrong arguments.
    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch is Interruption {
            // What a shell gives for a program that SIGINT has ended.
            Glibc.exit(130)
        } catch let code as ExitCode {
            Glibc.exit(code.rawValue)
        } catch {
            switch exitCode(for: error) {
            case .success: exit(withError: error)
            case .validationFailure:
                StandardError.line("\(message(for: error).sentence); see 'ringipc-bench --help'")
                Glibc.exit(ExitCode.validationFailure.rawValue)
            default:
                StandardError.line("\(error)".singleLine)
                Glibc.exit(1)
            }
        }
    }
}
