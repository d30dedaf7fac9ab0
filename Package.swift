// swift-tools-version: 6.2
import PackageDescription

// SWIFTLET_EMBEDDED=1 builds the lean modules and swiftlet-run as Embedded Swift (tools/build-embedded).
let embedded = Context.environment["SWIFTLET_EMBEDDED"] != nil
// SWIFTLET_FUZZ, the path of libFuzzer's library without main, adds the parsers' fuzzer (tools/fuzz).
let fuzzer = Context.environment["SWIFTLET_FUZZ"]

let lean: [SwiftSetting] = embedded ? [.enableExperimentalFeature("Embedded")] : []
// SWL_SMALL: the portable C kernels, rarely chosen, are compiled for size.
let cSettings: [CSetting] = [.unsafeFlags(["-O3"])] + (embedded ? [.define("SWL_SMALL")] : [])

/// Float kernels are for training: no part of the Embedded binary, though their start-up code would be.
let floatKernels = [
  "float_avx2.c", "float_avx512.c", "float_neon.c", "float_portable.c", "float_routing.c", "float_tables.c",
]

/// Modules that stay compilable as Embedded Swift: no Foundation, typed throws, no existentials.
let leanTargets: [Target] = [
  .systemLibrary(name: "CSwiftletZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
  .target(
    name: "CSwiftletKernels", exclude: ["Kernels.md"] + (embedded ? floatKernels : []), cSettings: cSettings),
  .target(name: "CSwiftletPlatform", cSettings: cSettings),
  .target(name: "SwiftletBytes", dependencies: ["CSwiftletZlib", "CSwiftletPlatform"], swiftSettings: lean),
  .target(
    name: "SwiftletModel", dependencies: ["SwiftletBytes"], exclude: ["Numerics.md", "AddingAnOperator.md"],
    swiftSettings: lean + [.strictMemorySafety()]),
  .target(name: "SwiftletImages", dependencies: ["SwiftletBytes"], swiftSettings: lean),
  .target(name: "SwiftletReference", dependencies: ["SwiftletModel"], swiftSettings: lean),
  .target(
    name: "SwiftletFormat", dependencies: ["SwiftletModel", "SwiftletBytes"], exclude: ["Format.md"],
    swiftSettings: lean),
  .target(
    name: "SwiftletRuntime",
    dependencies: ["SwiftletModel", "SwiftletReference", "SwiftletBytes", "CSwiftletKernels", "CSwiftletPlatform"],
    swiftSettings: lean),
  .target(
    name: "SwiftletPredict", dependencies: ["SwiftletModel", "SwiftletBytes", "SwiftletRuntime"], swiftSettings: lean),
  .executableTarget(
    name: "swiftlet-run",
    dependencies: [
      "SwiftletModel", "SwiftletBytes", "SwiftletImages", "SwiftletFormat", "SwiftletRuntime", "SwiftletPredict",
      "CSwiftletPlatform",
    ],
    path: "tools/swiftlet-run", swiftSettings: lean),
]

/// Training, compression and the command line, on full Swift with Foundation.
let fullTargets: [Target] = [
  .target(name: "SwiftletData", dependencies: ["SwiftletImages", "SwiftletBytes", "SwiftletModel"]),
  .target(name: "SwiftletFloat", dependencies: ["SwiftletModel", "CSwiftletKernels", "CSwiftletPlatform"]),
  .target(
    name: "SwiftletTraining",
    dependencies: [
      "SwiftletFloat", "SwiftletData", "SwiftletFormat", "SwiftletModel", "SwiftletBytes",
    ]),
  .target(
    name: "SwiftletCompression",
    dependencies: [
      "SwiftletFloat", "SwiftletRuntime", "SwiftletReference", "SwiftletFormat", "SwiftletData", "SwiftletModel",
      "SwiftletBytes",
    ]),
  .target(
    name: "SwiftletEvaluation",
    dependencies: ["SwiftletFloat", "SwiftletRuntime", "SwiftletData", "SwiftletModel"]),
  .target(
    name: "SwiftletBenchmark",
    dependencies: ["SwiftletFloat", "SwiftletRuntime", "SwiftletModel", "CSwiftletKernels", "CSwiftletPlatform"]),
  .target(
    name: "SwiftletSearch",
    dependencies: [
      "SwiftletBenchmark", "SwiftletEvaluation", "SwiftletTraining", "SwiftletCompression", "SwiftletFloat",
      "SwiftletRuntime", "SwiftletFormat", "SwiftletData", "SwiftletBytes", "SwiftletModel",
    ]),
  .target(
    name: "SwiftletReport",
    dependencies: [
      "SwiftletSearch", "SwiftletBenchmark", "SwiftletEvaluation", "SwiftletCompression", "SwiftletFloat",
      "SwiftletRuntime", "SwiftletData", "SwiftletImages", "SwiftletBytes", "SwiftletModel",
    ]),
  .executableTarget(
    name: "swiftlet",
    dependencies: [
      "SwiftletReport", "SwiftletSearch", "SwiftletBenchmark", "SwiftletEvaluation", "SwiftletTraining",
      "SwiftletCompression", "SwiftletFloat", "SwiftletRuntime", "SwiftletFormat", "SwiftletData", "SwiftletImages",
      "SwiftletBytes", "SwiftletModel",
      .product(name: "ArgumentParser", package: "swift-argument-parser"),
    ],
    path: "tools/swiftlet"),
  // What tests share: seeded draws, models of random parameters and how to run them, plain definitions to compare with,
  // where real data is, and a network that is trained once for all of them.
  .target(
    name: "TestSupport",
    dependencies: [
      "SwiftletTraining", "SwiftletCompression", "SwiftletFloat", "SwiftletRuntime", "SwiftletData", "SwiftletModel",
      "SwiftletBytes",
    ],
    path: "Tests/TestSupport"),
  // Every operator's cases, written once, against everything that computes or stores operators.
  .testTarget(
    name: "OperatorTests",
    dependencies: [
      "SwiftletCompression", "SwiftletFloat", "SwiftletRuntime", "SwiftletReference", "SwiftletFormat",
      "SwiftletData", "SwiftletModel", "TestSupport",
    ]),
  .testTarget(name: "SwiftletModelTests", dependencies: ["SwiftletModel"]),
  .testTarget(name: "SwiftletBytesTests", dependencies: ["SwiftletBytes", "TestSupport"]),
  .testTarget(name: "SwiftletImagesTests", dependencies: ["SwiftletImages", "SwiftletBytes"]),
  .testTarget(name: "SwiftletDataTests", dependencies: ["SwiftletData", "TestSupport"]),
  .testTarget(
    name: "SwiftletFormatTests",
    dependencies: ["SwiftletFormat", "SwiftletRuntime", "SwiftletModel", "SwiftletBytes", "CSwiftletPlatform"]),
  // Stands in for malloc in the test process, to show that running a model allocates nothing.
  .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter", cSettings: cSettings),
  .testTarget(
    name: "SwiftletRuntimeTests",
    dependencies: ["SwiftletRuntime", "SwiftletModel", "CSwiftletKernels", "CAllocationCounter", "TestSupport"]),
  .testTarget(
    name: "SwiftletFloatTests", dependencies: ["SwiftletFloat", "SwiftletModel", "CSwiftletKernels", "TestSupport"]),
  .testTarget(
    name: "SwiftletTrainingTests", dependencies: ["SwiftletTraining", "SwiftletData", "SwiftletFloat", "TestSupport"]),
  .testTarget(
    name: "SwiftletCompressionTests",
    dependencies: [
      "SwiftletCompression", "SwiftletRuntime", "SwiftletFloat", "SwiftletModel", "SwiftletData", "SwiftletFormat",
      "TestSupport",
    ]),
  .testTarget(
    name: "SwiftletEvaluationTests",
    dependencies: [
      "SwiftletEvaluation", "SwiftletSearch", "SwiftletReport", "SwiftletCompression", "SwiftletFloat",
      "SwiftletRuntime", "SwiftletTraining", "SwiftletData", "SwiftletModel",
    ]),
  .testTarget(
    name: "SwiftletBenchmarkTests",
    dependencies: [
      "SwiftletBenchmark", "SwiftletReport", "SwiftletTraining", "SwiftletRuntime", "SwiftletModel",
      "CSwiftletKernels",
    ]),
  .testTarget(
    name: "SwiftletSearchTests",
    dependencies: [
      "SwiftletSearch", "SwiftletReport", "SwiftletEvaluation", "SwiftletTraining", "SwiftletCompression",
      "SwiftletRuntime", "SwiftletFormat", "SwiftletData", "SwiftletModel", "TestSupport",
    ]),
  .testTarget(
    name: "SwiftletReportTests",
    dependencies: [
      "SwiftletReport", "SwiftletEvaluation", "SwiftletCompression", "SwiftletData", "SwiftletModel", "TestSupport",
    ]),
  .testTarget(
    name: "CommandLineTests",
    dependencies: [
      "SwiftletFormat", "SwiftletRuntime", "SwiftletModel", "SwiftletData", "SwiftletImages", "SwiftletBytes",
      "TestSupport",
    ]),
]

/// Tests that compute much themselves. The code of others compiles in half the time without optimization.
let computingTests: Set = [
  "SwiftletBytesTests", "SwiftletFormatTests", "SwiftletDataTests", "SwiftletRuntimeTests", "SwiftletFloatTests",
  "SwiftletCompressionTests",
]
for target in fullTargets where target.isTest && !computingTests.contains(target.name) {
  target.swiftSettings = [.unsafeFlags(["-Onone"])]
}

/// Modules of the fuzzer that run little when files are read: their optimization takes longer than it saves.
let rarelyFuzzed: Set = ["SwiftletFloat", "SwiftletCompression", "SwiftletEvaluation", "SwiftletBenchmark"]

/// The parsers' fuzzer, all Swift code instrumented for coverage and by AddressSanitizer.
@MainActor func fuzzTargets(_ library: String) -> [Target] {
  let modules = (leanTargets + fullTargets).filter { !["swiftlet", "swiftlet-run"].contains($0.name) && !$0.isTest }
  let fuzzers: [Target] = [
    .target(name: "CFuzzDriver", path: "tools/fuzz-targets/driver"),
    .executableTarget(
      name: "swiftlet-fuzz",
      dependencies: [
        "CFuzzDriver", "SwiftletSearch", "SwiftletTraining", "SwiftletRuntime", "SwiftletFormat", "SwiftletData",
        "SwiftletImages", "SwiftletBytes", "SwiftletModel",
      ],
      path: "tools/fuzz-targets/targets",
      linkerSettings: [.unsafeFlags(["-sanitize=address", library]), .linkedLibrary("stdc++")]),
  ]
  for target in modules + fuzzers where target.type != .system {
    // To the frontend alone: the driver would link libFuzzer's main too.
    let flags = ["-Xfrontend", "-sanitize=address,fuzzer", "-enable-testing"]
    let optimization = rarelyFuzzed.contains(target.name) ? ["-Onone"] : []
    target.swiftSettings = (target.swiftSettings ?? []) + [.unsafeFlags(flags + optimization)]
    target.cSettings = (target.cSettings ?? []) + [.unsafeFlags(["-O1", "-fsanitize=address"])]
  }
  return modules + fuzzers
}

let package = Package(
  name: "swiftlet",
  products: fuzzer != nil
    ? [.executable(name: "swiftlet-fuzz", targets: ["swiftlet-fuzz"])]
    : [
      .library(
        name: "SwiftletRuntime", targets: ["SwiftletModel", "SwiftletFormat", "SwiftletRuntime", "SwiftletPredict"]),
      .executable(name: "swiftlet-run", targets: ["swiftlet-run"]),
    ]
      + (embedded
        ? []
        : [
          .library(
            name: "SwiftletToolkit",
            targets: [
              "SwiftletData", "SwiftletFloat", "SwiftletTraining", "SwiftletCompression", "SwiftletEvaluation",
              "SwiftletSearch", "SwiftletBenchmark", "SwiftletReport",
            ]),
          .executable(name: "swiftlet", targets: ["swiftlet"]),
        ]),
  dependencies: embedded || fuzzer != nil
    ? [] : [.package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")],
  targets: fuzzer.map(fuzzTargets) ?? (leanTargets + (embedded ? [] : fullTargets)),
  swiftLanguageModes: [.v6]
)
