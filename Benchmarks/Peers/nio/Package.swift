// swift-tools-version: 6.2
import PackageDescription

/// Exactly one version: results of the same commit compare the same library, and the program tells it (`NIO_VERSION`).
let nio: Version = "2.101.2"
let nioExtras: Version = "1.35.2"

/// The settings of the library's own targets.
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

/// A package of its own, so that nobody else resolves SwiftNIO. `Sources/Kit` leads to the kit that all peers share.
let package = Package(
    name: "RingIPCPeerNIO",
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", exact: nio),
        .package(url: "https://github.com/apple/swift-nio-extras", exact: nioExtras),
    ],
    targets: [
        .target(name: "Kit", publicHeadersPath: "."),
        .target(name: "About", dependencies: ["Kit"], cSettings: [.define("NIO_VERSION", to: "\"\(nio)\"")]),
        .executableTarget(
            name: "ringipc-peer-nio",
            dependencies: [
                "About", "Kit",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOExtras", package: "swift-nio-extras"),
            ],
            swiftSettings: strict + [.unsafeFlags(["-cross-module-optimization"], .when(configuration: .release))]
        ),
    ]
)
