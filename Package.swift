// swift-tools-version: 6.2
import PackageDescription

/// One block for every Swift target. `Lifetimes` is what lets a borrowed view be returned from a function; the language
/// group keeps it source compatible (swift-nio and swift-system rely on it too).
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

/// As a user of the library has it.
let example: [SwiftSetting] = [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]

let package = Package(
    name: "RingIPC",
    products: [
        .library(name: "RingIPC", targets: ["RingIPC"]),
        .library(name: "QtLocalSocket", targets: ["QtLocalSocket"]),
        .library(name: "RingIPCTesting", targets: ["RingIPCTesting"]),
        .library(name: "QtDataStream", targets: ["QtDataStream"]),
    ],
    targets: [
        .systemLibrary(name: "CLiburing", pkgConfig: "liburing", providers: [.apt(["liburing-dev"])]),
        .target(name: "CRingIPC", dependencies: ["CLiburing"]),
        .target(name: "RingIPC", dependencies: ["CRingIPC"], swiftSettings: strict),
        .target(name: "QtLocalSocket", dependencies: ["RingIPC", "CRingIPC"], swiftSettings: strict),
        .target(name: "RingIPCTesting", dependencies: ["RingIPC"], swiftSettings: strict),
        .target(name: "QtDataStream", swiftSettings: strict),
        .target(name: "Simulation", dependencies: ["RingIPC", "RingIPCTesting"], path: "Tests/Simulation/World", swiftSettings: strict),
        .executableTarget(
            name: "ringipc-simulate", dependencies: ["Simulation"], path: "Tests/Simulation/Tool", swiftSettings: strict),
        .executableTarget(
            name: "shout-server", dependencies: ["RingIPC"], path: "Examples/Shout", exclude: ["client.cpp"], swiftSettings: example),
        .executableTarget(name: "ringipc-qt-peer", dependencies: ["RingIPC"], path: "Tests/Qt/Counterpart", swiftSettings: strict),
        .executableTarget(
            name: "ringipc-qt-local", dependencies: ["QtLocalSocket", "RingIPC"], path: "Tests/Qt/LocalCounterpart", swiftSettings: strict),
        // Its documents are compiled with those of the other libraries.
        .testTarget(
            name: "RingIPCTests", dependencies: ["QtDataStream", "QtLocalSocket", "RingIPC", "RingIPCTesting"],
            exclude: ["SharedMemory/lane_peer.py", "SharedMemory/peer.py"], swiftSettings: strict),
        .testTarget(
            name: "QtDataStreamTests", dependencies: ["QtDataStream", "RingIPC"], exclude: ["Vectors"], swiftSettings: strict),
        .testTarget(name: "QtLocalSocketTests", dependencies: ["QtLocalSocket", "RingIPC"], swiftSettings: strict),
        .testTarget(
            name: "SharedMemoryModelTests", dependencies: ["RingIPC"], path: "Tests/SharedMemoryModel", swiftSettings: strict),
        .testTarget(
            name: "SimulationTests", dependencies: ["RingIPC", "RingIPCTesting", "Simulation"], path: "Tests/Simulation/Tests",
            swiftSettings: strict),
    ]
)
