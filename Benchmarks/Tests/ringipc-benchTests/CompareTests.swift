import ArgumentParser
import Foundation
import Testing

@testable import ringipc_bench

/// A folder that goes away.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "ringipc-bench-test-\(UUID().uuidString)").path()
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

@Suite struct CompareTests {
    /// Trials of one case, by contender.
    private func folder(_ rates: [String: [Double]], title: String = "stream, 64 B", kernel: String = "6.18") throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let files = try ResultFiles(folder: folder.path)
        var environment = try Environment.current(profile: .quick, cpus: CPUPair(client: 0, server: 0), backends: [], peers: [])
        environment.kernel = kernel
        try files.write(environment)
        for (contender, values) in rates.sorted(by: { $0.key < $1.key }) {
            for (index, value) in values.enumerated() {
                var result = ScenarioResult(scenario: "stream")
                result.messagesPerSecond = value
                let reference = contender == "epoll" ? "C epoll" : nil
                try files.add(TrialRecord(title: title, contender: contender, trial: index + 1, reference: reference, result: result))
            }
        }
        return folder
    }

    private func compare(_ first: TemporaryFolder, _ second: TemporaryFolder) throws -> FolderComparison {
        try FolderComparison(ResultFolder(first.path), ResultFolder(second.path), tolerance: 0.05)
    }

    private let rates: [Double] = [100, 101, 102, 103, 104, 105, 106]

    @Test func `the same data makes no difference`() throws {
        let result = try compare(folder(["epoll": rates]), folder(["epoll": rates]))
        #expect(result.comparisons.map(\.verdict) == [.noDifference])
        #expect(result.comparisons[0].change.ratio == 1)
        #expect(result.warnings.isEmpty && result.unmatched.isEmpty && !result.hasSlower)
    }

    @Test func `half of the rate is slower, and the other way round faster`() throws {
        let (whole, half) = (try folder(["epoll": rates]), try folder(["epoll": rates.map { $0 / 2 }]))
        #expect(try compare(whole, half).comparisons.map(\.verdict) == [.slower])
        #expect(try compare(whole, half).hasSlower)
        #expect(try compare(half, whole).comparisons.map(\.verdict) == [.faster])
    }

    @Test func `what lies within the tolerance is no difference`() throws {
        let result = try compare(folder(["epoll": rates]), folder(["epoll": rates.map { $0 * 0.98 }]))
        #expect(result.comparisons.map(\.verdict) == [.noDifference])
    }

    /// The machine was half as fast: the rates say slower, the proportion to the C program says that nothing has changed.
    @Test func `the ratio to the limit cancels the machine out`() throws {
        let first = try folder(["epoll": rates, "C epoll": rates])
        let second = try folder(["epoll": rates.map { $0 / 2 }, "C epoll": rates.map { $0 / 2 }])
        let figure = try #require(try compare(first, second).comparisons.first { $0.contender == "epoll" })
        #expect(figure.verdict == .slower)
        #expect(figure.changeToLimit?.ratio == 1)
    }

    @Test func `three trials are too few`() throws {
        let result = try compare(folder(["epoll": [1, 2, 3]]), folder(["epoll": [10, 20, 30]]))
        #expect(result.comparisons.map(\.verdict) == [.tooFewTrials])
    }

    @Test func `what only one run has is listed, and another kernel is a warning`() throws {
        let (first, second) = (try folder(["epoll": rates, "C recv": rates]), try folder(["epoll": rates], kernel: "6.1"))
        let result = try compare(first, second)
        #expect(result.unmatched == ["only in \(first.path): stream, 64 B, C recv"])
        #expect(result.warnings == ["the runs differ in their kernel: 6.18 and 6.1"])
        let other = try compare(second, folder(["epoll": rates], title: "other"))
        #expect(other.comparisons.isEmpty && other.unmatched.count == 2)
    }

    @Test func `something slower is exit code 2`() throws {
        let (whole, half) = (try folder(["epoll": rates]), try folder(["epoll": rates.map { $0 / 2 }]))
        for (second, code) in [(whole, "0"), (half, "2")] {
            let tool = Tool.built
            let shell = try ChildProcess(
                "/bin/sh", ["-c", "\"$0\" compare \"$1\" \"$2\" --json > /dev/null; echo $?", tool, whole.path, second.path])
            #expect(try shell.finish(within: 60).trimmed == code)
        }
    }

    @Test(arguments: [["compare"], ["compare", "/nowhere"], ["compare", "/nowhere", "/nowhere"]])
    func `a folder without results is a wrong argument`(arguments: [String]) {
        let error = #expect(throws: (any Error).self) { try RingIPCBench.parseAsRoot(arguments) }
        if let error { #expect(RingIPCBench.exitCode(for: error).rawValue == 64) }
    }
}

extension Tool {
    /// The program under test: tests run in another one beside it.
    static var built: String { "/" + path.split(separator: "/").dropLast().joined(separator: "/") + "/ringipc-bench" }
}
