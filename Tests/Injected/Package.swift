// swift-tools-version: 6.2
import PackageDescription

/// The settings of the library's own targets. What is tested here is tested as an outside user sees it.
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

/// A package of its own: a user of the library does not build the program that is made to fail.
let package = Package(
    name: "RingIPCInjected",
    dependencies: [
        .package(name: "RingIPC", path: "../..")
    ],
    targets: [
        .target(name: "Exchange", dependencies: [.product(name: "RingIPC", package: "RingIPC")], swiftSettings: strict),
        .executableTarget(
            name: "injected-subject",
            dependencies: ["Exchange", .product(name: "RingIPC", package: "RingIPC")], swiftSettings: strict),
        .testTarget(
            name: "InjectedTests",
            dependencies: ["Exchange", "injected-subject", .product(name: "RingIPC", package: "RingIPC")], swiftSettings: strict),
    ]
)
