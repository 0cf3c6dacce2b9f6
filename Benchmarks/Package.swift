// swift-tools-version: 6.2
import PackageDescription

/// The settings of the library's own targets. The benchmark is an outside user of it: what is fast here is fast for everybody.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "RingIPCBenchmarks",
    products: [
        .executable(name: "ringipc-bench", targets: ["ringipc-bench"])
    ],
    dependencies: [
        .package(name: "RingIPC", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.1.0"),
    ],
    targets: [
        .target(name: "CBenchmark"),
        .executableTarget(
            name: "ringipc-bench",
            dependencies: [
                "CBenchmark",
                .product(name: "RingIPC", package: "RingIPC"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            // Functions begin at a cache line, as those of the limit programs: else the place of a loop over frames depends on all that lies before it,
            // and by that alone the same instructions took a stream of 64 bytes at 107 or at 140 million frames a second.
            swiftSettings: strict + [
                .unsafeFlags(["-cross-module-optimization", "-Xllvm", "-align-all-functions=6"], .when(configuration: .release))
            ]
        ),
        .executableTarget(
            name: "hotpath", dependencies: [.product(name: "RingIPC", package: "RingIPC")], swiftSettings: strict),
        .testTarget(name: "ringipc-benchTests", dependencies: ["ringipc-bench"], swiftSettings: strict),
    ]
)
