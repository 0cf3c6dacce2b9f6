import Testing

@testable import ringipc_bench

@Suite struct ChildProcessTests {
    private func shell(_ script: String) throws -> ChildProcess { try ChildProcess("/bin/sh", ["-c", script]) }

    @Test func `its lines come one by one, the rest at its end`() throws {
        let child = try shell("echo READY; echo one; echo two")
        try child.waitUntilReady()
        #expect(try child.readLine(within: 10) == "one")
        #expect(try child.finish(within: 10) == "two\n")
    }

    @Test func `an exit code other than 0 is a failure`() throws {
        let child = try shell("exit 3")
        let error = #expect(throws: BenchmarkFailure.self) { try child.finish(within: 10) }
        #expect(error?.description == "sh failed with exit code 3")
    }

    @Test func `a failure tells the last line that was printed`() throws {
        let child = try shell("echo before; echo why; exit 3")
        let error = #expect(throws: BenchmarkFailure.self) { try child.finish(within: 10) }
        #expect(error?.description == "sh failed with exit code 3: why")
    }

    @Test func `an end by a signal is a failure`() throws {
        let child = try shell("kill -9 $$")
        let error = #expect(throws: BenchmarkFailure.self) { try child.finish(within: 10) }
        #expect(error?.description == "sh was ended by signal 9")
    }

    @Test func `a program that does not answer is a failure, not a hang`() throws {
        let child = try shell("exec sleep 60")
        let error = #expect(throws: BenchmarkFailure.self) { try child.waitUntilReady(within: 0.05) }
        #expect(error?.description == "sh did not answer in time")
    }

    @Test func `a program that does not exist is a failure`() throws {
        let child = try ChildProcess("/nowhere/program", [])
        #expect(throws: BenchmarkFailure.self) { try child.finish(within: 10) }
    }

    @Test func `a child that is let go is killed`() throws {
        var child: ChildProcess? = try shell("exec sleep 60")
        let path = "/proc/\(child!.identifier)/stat"
        #expect(SystemFile.text(path) != nil)
        child = nil
        #expect(SystemFile.text(path) == nil)
    }
}
