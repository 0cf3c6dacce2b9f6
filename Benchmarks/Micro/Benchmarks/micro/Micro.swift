import Benchmark
internal import Parts

/// What the framework calls first.
let benchmarks: @Sendable () -> Void = {
    // A million steps at a time: 1000 microseconds are a nanosecond for each step. Without --scale the framework would show whole nanoseconds.
    let configuration = Benchmark.Configuration(
        metrics: [.wallClock], timeUnits: .microseconds, scalingFactor: .mega, maxDuration: .seconds(1))
    for part in Part.all {
        Benchmark(part.name, configuration: configuration) { benchmark in
            do {
                try measure(part, benchmark)
            } catch {
                // The framework prints an error that it is told of, and ends with success all the same.
                fatalError("\(part.name): \(error)")
            }
        }
    }
}

/// The time of work that was not done, or done wrongly, says nothing: each is checked.
private func measure(_ part: Part, _ benchmark: Benchmark) throws {
    let count = benchmark.scaledIterations.count
    var work = try part.makeWork()
    benchmark.startMeasurement()
    try work.run(count)
    benchmark.stopMeasurement()
    try work.check(count)
}
