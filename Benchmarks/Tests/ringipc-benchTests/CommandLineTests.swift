import ArgumentParser
import RingIPC
import Testing

@testable import ringipc_bench

@Suite struct CommandLineTests {
    @Test(arguments: [
        ["frobnicate"], ["pingpong", "--size", "0"], ["pingpong", "--size", "many"], ["pingpong", "--count", "0"],
        ["pingpong", "--backend", "kqueue"], ["pingpong", "--wait", "long"], ["pingpong", "--framing", "json"],
        ["pingpong", "--pin", "0"], ["pingpong", "--pin", "0,100000"], ["stream", "--unknown"], ["stream", "extra"],
        ["fanin", "--connections", "0"], ["fanin", "--seconds", "0"], ["fanin", "--seconds", "nan"], ["serve"],
        ["serve", "--listen", "relative", "--mode", "echo"], ["serve", "--listen", "@a", "--mode", "proxy"],
        ["serve", "--listen", "@a", "--mode", "echo", "--max-frame", "0"], ["serve", "--listen", "@a", "--mode", "echo", "--frame-timeout", "-1"],
        ["probe", "--connect", "relative"], ["probe", "--connect", "@a", "--interval", "0"], ["soak", "run", "--seconds", "0"],
        ["limits", "stream", "--kind", "recv-block"],
        ["burst", "--burst", "0"], ["rate", "--rate", "0.5"], ["rate", "--rate", "nan"], ["rate", "--schedule", "bursty"],
        ["rate", "--direction", "up"], ["rate", "--seconds", "0"], ["depth", "--depth", "0"],
        ["depth", "--depth", "256", "--size", "16384"], ["connect", "extra"], ["overhead", "--size", "0"], ["sizes", "--wait", "long"],
        ["peers", "parse"], ["peers", "--peer", "dbus"], ["peers", "--batch", "0"],
        ["run", "--profile", "slow"], ["run", "--backend", "both"], ["pingpong", "--backend", "shared-memory", "--framing", "u32le"],
        ["serve", "--listen", "@a", "--mode", "echo", "--backend", "shared-memory", "--framing", "qbytearray"],
        ["parse", "--backend", "shared-memory"], ["pingpong", "--payload", "loan"], ["stream", "--payload", "ring"],
        ["stream", "--payload", "description", "--backend", "shared-memory"],
        ["pingpong", "--payload", "description", "--size", "7", "--backend", "shared-memory"], ["parse", "--size", "7"],
    ])
    func `wrong arguments are told in one line, with exit code 64`(arguments: [String]) {
        let error = #expect(throws: (any Error).self) { try RingIPCBench.parseAsRoot(arguments) }
        guard let error else { return }
        #expect(RingIPCBench.exitCode(for: error).rawValue == 64)
        #expect(!RingIPCBench.message(for: error).sentence.isEmpty)
    }

    @Test func `help is a success`() throws {
        var help = try RingIPCBench.parseAsRoot(["run", "--help"])
        let error = try #require(#expect(throws: (any Error).self) { try help.run() })
        #expect(RingIPCBench.exitCode(for: error) == .success)
    }

    @Test func `a backend may be repeated`() throws {
        let arguments = ["run", "--backend", "epoll", "--backend", "io_uring"]
        let command = try #require(RingIPCBench.parseAsRoot(arguments) as? RunCommand)
        #expect(command.backend == [.epoll, .ioUring])
        #expect(command.output == "results/latest")
    }

    @Test func `a peer gets the options of its scenario`() throws {
        let options = ScenarioOptions(
            framing: .native, backend: .sharedMemory, wait: .spin, size: 100, count: 7, warmup: 3, countsSystemCalls: true)
        let arguments = ["peer", "stream", "--listen", "@a", "--cpu", "0"] + options.arguments
        let peer = try #require(RingIPCBench.parseAsRoot(arguments) as? PeerCommand)
        #expect(peer.common.stream == options)
    }

    @Test func `the commands of the contract exist`() {
        let names = RingIPCBench.configuration.subcommands.map { $0.configuration.commandName ?? "" }
        #expect(Set(["run", "pingpong", "stream", "fanin", "serve", "limits", "backends"]).isSubset(of: names))
    }
}
