import CFuzzDriver
import Foundation
import SwiftletBytes

/// One parser under test: how bytes are given to it, and what must hold of what it accepts.
struct FuzzTarget: Sendable {
  let name: String
  /// The longest input worth trying.
  let longestInput: Int
  /// Words that inputs are made of.
  var dictionary: [String] = []
  /// Inputs to start from.
  let seeds: @Sendable () throws -> [[UInt8]]
  let body: @Sendable (ArraySlice<UInt8>) -> Void

  static let all = models + images + recordings + descriptions
  /// The one that the process fuzzes.
  nonisolated(unsafe) static var current = all[0]

  func run(_ input: [UInt8]) { body(input[...]) }

  func writeSeeds(to folder: String) throws {
    let url = URL(fileURLWithPath: folder)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    for (index, seed) in try seeds().enumerated() where seed.count <= longestInput {
      try Data(seed).write(to: url.appendingPathComponent("seed-\(index)"))
    }
    guard !dictionary.isEmpty else { return }
    let words = dictionary.map { "\"" + $0.replacingOccurrences(of: "\"", with: "\\\"") + "\"\n" }
    try Data(words.joined().utf8).write(to: URL(fileURLWithPath: folder + ".dict"))
  }
}

/// What reading any file up to 1 MB may take (Format.md, Limits), and how much slower the instrumented build is.
private enum Allowance {
  static let bytes = 64 << 20
  static let nanoseconds: UInt64 = 250_000_000
  static let slowdown: UInt64 = 12
}

/// Calls the parser and stops the process where it takes more memory or time than a small file may.
func measured<Result>(_ what: String, _ body: () -> Result) -> Result {
  swl_fuzz_begin()
  let result = body()
  let (peak, time) = (swl_fuzz_peak_bytes(), swl_fuzz_nanoseconds())
  expect(peak <= Allowance.bytes, "\(what) took \(peak) bytes of memory at once")
  expect(time <= Allowance.nanoseconds * Allowance.slowdown, "\(what) took \(time / 1_000_000) ms of processor time")
  return result
}

/// Stops the process where a law does not hold; libFuzzer then saves the input.
func expect(_ holds: Bool, _ law: @autoclosure () -> String) {
  if !holds { fatalError(law()) }
}

/// Files below the repository's root, where tools/fuzz runs this.
func repositoryFiles(_ folder: String, ending: String) throws -> [[UInt8]] {
  try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    .filter { $0.hasSuffix(ending) }
    .map { try FileBytes.read(folder + "/" + $0, limit: 1 << 20) }
}
