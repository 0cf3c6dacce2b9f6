internal import ArgumentParser
internal import CBenchmark

/// The CPUs that the two processes of a scenario are bound to.
struct CPUPair: Equatable {
    var client: Int
    var server: Int

    var isOneCPU: Bool { client == server }
}

extension CPUPair: ExpressibleByArgument {
    init?(argument: String) {
        let numbers = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        guard numbers.count == 2, let client = numbers[0], let server = numbers[1], client >= 0, server >= 0 else { return nil }
        self.init(client: client, server: server)
    }

    var argument: String { "\(client),\(server)" }
}

/// The CPUs that this process may use, and where they sit.
struct CPUSet {
    /// A physical core: two CPUs of one core share its execution units, so that they slow each other down.
    struct Core: Hashable {
        let package: Int
        let core: Int
    }

    let allowed: [Int]
    /// What is not listed is taken for a core of its own.
    let cores: [Int: Core]

    /// Two distinct physical cores, else two CPUs of one core, else one CPU for both.
    var defaultPair: CPUPair {
        let first = allowed.first ?? 0
        let others = allowed.dropFirst()
        let second = others.first { cores[$0] == nil || cores[$0] != cores[first] } ?? others.first ?? first
        return CPUPair(client: first, server: second)
    }

    /// What the reader of a result must know about a pair; `nil` for two physical cores.
    func note(on pair: CPUPair) -> String? {
        if pair.isOneCPU { return "both processes share CPU \(pair.client)" }
        if let core = cores[pair.client], core == cores[pair.server] {
            return "CPUs \(pair.client) and \(pair.server) are threads of one core"
        }
        return nil
    }

    static func current() throws -> CPUSet {
        var numbers = [Int32](repeating: 0, count: 1024)
        let capacity = Int32(numbers.count)
        let count = try BenchmarkFailure.check(unsafe bench_allowed_cpus(&numbers, capacity), "cannot read the allowed CPUs")
        let allowed = numbers.prefix(Int(count)).map(Int.init)
        var cores: [Int: Core] = [:]
        for cpu in allowed {
            let topology = "/sys/devices/system/cpu/cpu\(cpu)/topology"
            guard let package = SystemFile.number("\(topology)/physical_package_id") else { continue }
            cores[cpu] = SystemFile.number("\(topology)/core_id").map { Core(package: package, core: $0) }
        }
        return CPUSet(allowed: allowed, cores: cores)
    }

    /// Binds the calling thread to these CPUs again.
    func restore() throws {
        let numbers = allowed.map(Int32.init)
        try BenchmarkFailure.check(unsafe bench_allow_cpus(numbers, Int32(numbers.count)), "cannot use the CPUs of before")
    }

    /// Binds the calling thread and those it will start.
    static func pin(to cpu: Int) throws {
        try BenchmarkFailure.check(bench_pin(Int32(cpu)), "cannot use CPU \(cpu)")
    }
}
