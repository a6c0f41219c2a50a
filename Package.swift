// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours is compiled alike; a warning is an error. `Lifetimes` lets parsers hold a `Span`.
let common: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
    .treatAllWarnings(as: .error),
    // Whether two parts of a loop's thread touch one property at once is checked where the tests run, in the debug
    // build; the release build does not pay for the question at every mark (docs/benchmarks.md).
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

/// The rooms that parse what strangers send: each use of unsafe code there is spelled out.
let pure = common + [.strictMemorySafety()]

/// A module of the product. The dependencies run one way, down; `make test` checks it (docs/architecture.md).
func room(_ name: String, over dependencies: [Target.Dependency], _ settings: [SwiftSetting] = common)
    -> Target
{
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: ["TestSupport"] + dependencies, swiftSettings: common)
}

let package = Package(
    name: "tidegate",
    products: [.executable(name: "tidegate", targets: ["tidegate"])],
    targets: [
        // Floor 0: the C libraries.
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // Floor 1: what every room needs and no room owns.
        room("Primitives", over: []),
        room("Settings", over: ["Primitives"]),
        room("Logging", over: ["Primitives", "CLinux"]),

        // Floor 2: five strangers; none imports another.
        room("HTTP", over: ["Primitives"], pure),
        room("WebSocket", over: ["Primitives", "COpenSSL", "CZlib"], pure),
        room("RESP", over: ["Primitives"], pure),
        room("Broker", over: ["Primitives"]),
        room("Transport", over: ["Primitives", "CLinux", "COpenSSL"]),

        // Floor 3: who may do what, over the broker's patterns; where bytes, protocols and topics meet; the same on the
        // subscriber's side of the wire; files that keep records; and a server that several gateways share.
        room("Access", over: ["Primitives", "COpenSSL", "Broker"], pure),
        room(
            "Gateway",
            over: ["Primitives", "Logging", "COpenSSL", "HTTP", "WebSocket", "Broker", "Access", "Transport"]),
        room("Client", over: ["Primitives", "HTTP", "WebSocket", "Transport"]),
        room("Storage", over: ["Primitives", "CZlib", "Broker"]),
        room("Cluster", over: ["Primitives", "Broker", "Transport", "RESP"]),

        // Floor 4: sources of updates; the terminal, a subscriber like any other.
        room("Watch", over: ["Primitives", "Transport", "Client"]),
        room("Feeds", over: ["Primitives", "Settings", "Broker", "CLinux"]),

        room(
            "Configuration",
            over: [
                "Primitives", "Settings", "Logging", "HTTP", "Broker", "Access", "Transport", "Gateway",
                "Storage", "Cluster", "Feeds",
            ]),

        // Where the gateway and its feeds are joined.
        room(
            "Service",
            over: [
                "Primitives", "Logging", "Broker", "Access", "Transport", "Gateway", "Client", "Storage",
                "Cluster", "Feeds", "Configuration",
            ]),

        // Floor 5: the command.
        .executableTarget(
            name: "tidegate",
            dependencies: [
                "Primitives", "Settings", "Logging", "HTTP", "Broker", "Access", "Transport", "Gateway",
                "Client", "Storage", "Cluster", "Feeds", "Configuration", "Service", "Watch",
            ],
            swiftSettings: common),

        .executableTarget(
            name: "CodecBenchmarks", dependencies: ["Primitives", "WebSocket", "Broker", "Feeds"],
            path: "Benchmarks/Codecs",
            swiftSettings: common),
        // The server that the conformance suite is run against: the gateway's loop, with an echo for its commands.
        .executableTarget(
            name: "EchoServer", dependencies: ["Primitives", "Logging", "Transport", "Gateway"],
            path: "Tests/EchoServer",
            swiftSettings: common),
        .executableTarget(
            name: "FeedBenchmarks", dependencies: ["Primitives", "Broker", "Feeds"],
            path: "Benchmarks/Feeds", swiftSettings: common),

        // The inner steps, for counting instructions: `Benchmarks/instructions`.
        .executableTarget(
            name: "tidegate-micro", dependencies: ["Primitives", "HTTP", "WebSocket", "Broker"],
            path: "Benchmarks/Micro", swiftSettings: common),
        // Nodes of a cluster without HTTP in front: `Benchmarks/cluster`.
        .executableTarget(
            name: "tidegate-bus", dependencies: ["Primitives", "Broker", "Transport", "Cluster"],
            path: "Benchmarks/Bus", swiftSettings: common),
        // `tidegate-bench`: the gateway and others under load (docs/benchmarks.md).
        .executableTarget(
            name: "tidegate-bench", dependencies: ["Primitives", "Settings", "Transport", "CZlib"],
            path: "Benchmarks/Load", swiftSettings: common),

        // A whole gateway without a kernel: worlds of clients, and everything that was promised them.
        .target(
            name: "Simulation",
            dependencies: [
                "TestSupport", "Primitives", "Logging", "HTTP", "WebSocket", "Broker", "Access", "Storage",
                "Transport", "Gateway", "StorageSimulation",
            ], path: "Tests/Simulation", exclude: ["README.md"], swiftSettings: common),
        // `tidegate-simulate`: as many of them as there is time for.
        .executableTarget(
            name: "tidegate-simulate", dependencies: ["Primitives", "Simulation"], path: "Tests/Simulator",
            swiftSettings: common),

        // The same for a journal: a folder that forgets what was not synced, and all that was promised over it.
        .target(
            name: "StorageSimulation", dependencies: ["Primitives", "Storage"],
            path: "Tests/StorageSimulation",
            swiftSettings: common),
        // `tidegate-simulate-storage`: ten thousand of them.
        .executableTarget(
            name: "tidegate-simulate-storage", dependencies: ["StorageSimulation"],
            path: "Tests/StorageSimulator",
            swiftSettings: common),

        // Nodes of a cluster over servers that fail, and all that was promised them.
        .target(
            name: "ClusterSimulation", dependencies: ["Primitives", "Broker", "Cluster"],
            path: "Tests/ClusterSimulation", swiftSettings: common),
        // `tidegate-simulate-cluster`: thousands of them.
        .executableTarget(
            name: "tidegate-simulate-cluster", dependencies: ["ClusterSimulation"],
            path: "Tests/ClusterSimulator", swiftSettings: common),

        .target(
            name: "TestSupport", dependencies: ["Primitives", "COpenSSL"], path: "Tests/TestSupport",
            swiftSettings: common),
        tests("PrimitivesTests", ["Primitives"]),
        tests("SettingsTests", ["Primitives", "Settings"]),
        tests("LoggingTests", ["Primitives", "Logging"]),
        tests("HTTPTests", ["Primitives", "HTTP"]),
        tests("WebSocketTests", ["Primitives", "WebSocket", "CZlib"]),
        tests("RESPTests", ["Primitives", "RESP"]),
        tests("BrokerTests", ["Primitives", "Broker"]),
        tests("AccessTests", ["Primitives", "Broker", "Access"]),
        tests("TransportTests", ["Primitives", "Transport", "CLinux", "COpenSSL"]),
        tests(
            "GatewayTests",
            [
                "Primitives", "Logging", "HTTP", "WebSocket", "Broker", "Access", "Transport", "Gateway",
                "CLinux",
            ]),
        tests("SimulationTests", ["Simulation"]),
        tests("StorageTests", ["Primitives", "Broker", "Storage", "StorageSimulation"]),
        tests(
            "ClusterTests",
            ["Primitives", "Broker", "Transport", "RESP", "Cluster", "ClusterSimulation"]),
        tests("FeedsTests", ["Primitives", "Settings", "Broker", "Feeds"]),
        tests(
            "ConfigurationTests",
            [
                "Primitives", "Settings", "HTTP", "Broker", "Access", "Transport", "Gateway", "Cluster",
                "Configuration",
            ]),
        tests("EndToEndTests", ["Primitives", "tidegate"]),
        tests("ClientTests", ["Primitives", "HTTP", "WebSocket", "Transport", "Client"]),
        .testTarget(
            name: "WatchTests",
            dependencies: [
                "TestSupport", "Primitives", "Settings", "Broker", "Transport", "Client", "Feeds", "Watch",
            ],
            exclude: ["Goldens"], swiftSettings: common),
        tests("CommandTests", ["Primitives", "tidegate"]),
    ]
)
