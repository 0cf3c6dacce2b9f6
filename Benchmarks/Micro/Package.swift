// swift-tools-version: 6.2
import PackageDescription

/// The settings of the library's own targets: its sources are compiled here.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableExperimentalFeature("Lifetimes"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// Times of single parts: `make micro`. A package of its own, because the framework brings much that the benchmark tool would otherwise
/// build each time.
///
/// The encoder and the receive buffers are internal to the library, and are fast because the optimizer sees them and their callers at once.
/// So the library is not imported: a link leads to its sources, and the whole of it is compiled into the module `Parts` with its own settings,
/// together with the loops that are timed. Imported with `@testable`, each call would cross a module, and a cost would be measured that
/// the library does not have. The framework stays in another module, `micro`: it imports a package that has a kernel header of io_uring of
/// its own, and the two in one module do not compile. `Spread` is the benchmark tool's, by a link too.
let package = Package(
    name: "RingIPCMicroBenchmarks",
    dependencies: [
        // Its traits replace malloc and the reference counting of the runtime in order to count calls: not what is to be timed.
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.0", traits: []),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.1.4"),
    ],
    targets: [
        .systemLibrary(name: "CLiburing", pkgConfig: "liburing", providers: [.apt(["liburing-dev"])]),
        .target(name: "CRingIPC", dependencies: ["CLiburing"]),
        .target(
            name: "Parts", dependencies: ["CRingIPC", .product(name: "Histogram", package: "hdrhistogram-swift")], swiftSettings: strict),
        .executableTarget(
            name: "micro",
            dependencies: ["Parts", .product(name: "Benchmark", package: "benchmark")],
            // The framework looks for its targets in a folder of this name.
            path: "Benchmarks/micro",
            swiftSettings: strict,
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]
        ),
    ]
)
