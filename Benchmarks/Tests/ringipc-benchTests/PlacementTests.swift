import Testing

@testable import ringipc_bench

@Suite struct RestoredCPUTests {
    @Test func `a thread that was bound can use all its CPUs again`() throws {
        let before = try CPUSet.current()
        let first = try #require(before.allowed.first)
        try CPUSet.pin(to: first)
        #expect(try CPUSet.current().allowed == [first])
        try before.restore()
        #expect(try CPUSet.current().allowed == before.allowed)
    }
}

@Suite struct PlacementTests {
    private func core(_ number: Int, package: Int = 0) -> CPUSet.Core { CPUSet.Core(package: package, core: number) }

    @Test(arguments: [("0,1", CPUPair(client: 0, server: 1)), ("3,3", CPUPair(client: 3, server: 3))])
    func `a pair is two numbers`(text: String, pair: CPUPair) {
        #expect(CPUPair(argument: text) == pair)
        #expect(pair.argument == text)
    }

    @Test(arguments: ["", "0", "0,", ",1", "0,1,2", "a,b", "-1,0", "0, 1", "0;1"])
    func `anything else is no pair`(text: String) { #expect(CPUPair(argument: text) == nil) }

    @Test func `a thread of the same core is passed over`() {
        let set = CPUSet(allowed: [0, 1, 2, 3], cores: [0: core(0), 1: core(0), 2: core(1), 3: core(1)])
        #expect(set.defaultPair == CPUPair(client: 0, server: 2))
        #expect(set.note(on: set.defaultPair) == nil)
    }

    @Test func `cores of the same number in two packages are two cores`() {
        let set = CPUSet(allowed: [4, 9], cores: [4: core(0, package: 0), 9: core(0, package: 1)])
        #expect(set.defaultPair == CPUPair(client: 4, server: 9))
        #expect(set.note(on: set.defaultPair) == nil)
    }

    @Test func `two threads of the only core are taken, and noted`() {
        let set = CPUSet(allowed: [2, 3], cores: [2: core(1), 3: core(1)])
        #expect(set.defaultPair == CPUPair(client: 2, server: 3))
        #expect(set.note(on: set.defaultPair) == "CPUs 2 and 3 are threads of one core")
    }

    @Test func `one CPU is for both, and noted`() {
        let set = CPUSet(allowed: [5], cores: [5: core(2)])
        #expect(set.defaultPair == CPUPair(client: 5, server: 5))
        #expect(set.note(on: set.defaultPair) == "both processes share CPU 5")
    }

    @Test func `CPUs of an unknown place count as cores of their own`() {
        #expect(CPUSet(allowed: [0, 1], cores: [:]).defaultPair == CPUPair(client: 0, server: 1))
    }

    @Test func `the CPUs of this process are found`() throws {
        let set = try CPUSet.current()
        #expect(!set.allowed.isEmpty)
        #expect(set.allowed == set.allowed.sorted())
    }
}

@Suite struct SystemFileTests {
    @Test func `a file that the kernel hands out in parts is read to its end`() throws {
        let lines = try #require(SystemFile.text("/proc/self/maps")).split(separator: "\n")
        #expect(lines.contains { $0.hasSuffix("[stack]") })
    }

    @Test func `a value is found by its exact key`() {
        let text = "MemTotal:       24576 kB\nMemFree: 1 kB\nflags\t\t: fpu hypervisor\n"
        #expect(SystemFile.value(of: "MemTotal", inText: text) == "24576 kB")
        #expect(SystemFile.value(of: "flags", inText: text) == "fpu hypervisor")
        #expect(SystemFile.value(of: "Mem", inText: text) == nil)
    }

    @Test func `white space inside stays`() {
        #expect("  a  b \n".trimmed == "a  b")
        #expect(" \n".trimmed == "")
        #expect("a \n\n  b.\n".sentence == "a b")
    }
}
