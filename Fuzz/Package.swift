// swift-tools-version: 6.2
import PackageDescription

/// The settings of the library's own targets.
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

/// A package of its own, because its programs only link with `--sanitize fuzzer`: `Scripts/fuzz` builds them. Links lead to the sources that the
/// test targets compile as well: each check has one definition, which the tests run on the corpora.
let package = Package(
    name: "RingIPCFuzz",
    dependencies: [
        .package(name: "RingIPC", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.1.0"),
    ],
    targets: [
        .target(name: "FuzzDriver", swiftSettings: strict),
        .target(
            name: "FuzzChecks",
            dependencies: [.product(name: "RingIPC", package: "RingIPC"), .product(name: "QtDataStream", package: "RingIPC")],
            swiftSettings: strict),
        .target(name: "CBenchmark"),
        .target(
            name: "ringipc-bench",
            dependencies: [
                "CBenchmark",
                .product(name: "RingIPC", package: "RingIPC"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            // libFuzzer brings a main function.
            exclude: ["Main.swift"],
            swiftSettings: strict
        ),
        .executableTarget(name: "fuzz-frames", dependencies: ["FuzzChecks", "FuzzDriver"], swiftSettings: strict),
        .executableTarget(name: "fuzz-hello", dependencies: ["FuzzChecks", "FuzzDriver"], swiftSettings: strict),
        .executableTarget(name: "fuzz-endpoint", dependencies: ["FuzzChecks", "FuzzDriver"], swiftSettings: strict),
        .executableTarget(name: "fuzz-datastream", dependencies: ["FuzzChecks", "FuzzDriver"], swiftSettings: strict),
        .executableTarget(name: "fuzz-lane", dependencies: ["FuzzChecks", "FuzzDriver"], swiftSettings: strict),
        .executableTarget(name: "fuzz-ring", dependencies: ["FuzzChecks", "FuzzDriver"], swiftSettings: strict),
        .executableTarget(name: "fuzz-serve", dependencies: ["ringipc-bench", "FuzzDriver"], swiftSettings: strict),
    ]
)
