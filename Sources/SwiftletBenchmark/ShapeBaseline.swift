import Foundation

/// Stored ratios of the layer shapes against portable, one set per CPU and kernel table.
public struct ShapeBaseline: Hashable, Sendable, Codable {
  public struct Entry: Hashable, Sendable, Codable {
    public var cpu, kernels: String
    /// Of each shape by name.
    public var ratios: [String: Double]

    public init(cpu: String, kernels: String, ratios: [String: Double]) {
      self.cpu = cpu
      self.kernels = kernels
      self.ratios = ratios
    }
  }

  public var entries: [Entry]

  public init(entries: [Entry] = []) { self.entries = entries }

  /// Reads the JSON that `json` gives.
  ///
  /// - Throws: `ShapeBaselineError.unreadable`.
  public init(json: [UInt8]) throws(ShapeBaselineError) {
    do { self = try JSONDecoder().decode(ShapeBaseline.self, from: Data(json)) } catch { throw .unreadable }
    for entry in entries {
      guard entry.ratios.values.allSatisfy({ $0.isFinite && $0 > 0 }) else { throw .unreadable }
    }
  }

  /// Sorted and indented, so that a change shows as a small difference.
  public var json: [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(self) else { preconditionFailure("finite numbers and text encode") }
    return [UInt8](data) + [UInt8(ascii: "\n")]
  }

  /// Replaces the entry of the benchmark's CPU and table, or adds it; ratios are kept to two decimals.
  public mutating func store(_ benchmark: ShapeBenchmark) {
    let ratios = Dictionary(
      benchmark.shapes.map { ($0.name, max(0.01, ($0.ratio * 100).rounded() / 100)) },
      uniquingKeysWith: { _, new in new })
    let entry = Entry(cpu: benchmark.limits.cpu, kernels: benchmark.kernels, ratios: ratios)
    entries.removeAll { $0.cpu == entry.cpu && $0.kernels == entry.kernels }
    entries.append(entry)
    entries.sort { ($0.cpu, $0.kernels) < ($1.cpu, $1.kernels) }
  }

  /// The shapes whose ratio fell below the stored one by more than `margin`, a share of it (0.2: below 80%).
  ///
  /// - Throws: `ShapeBaselineError.noEntry` where nothing is stored for this CPU and table, `.shapesDiffer` where a
  ///   shape was added or taken away since.
  public func regressions(
    of benchmark: ShapeBenchmark, margin: Double
  ) throws(ShapeBaselineError) -> [ShapeRegression] {
    let found = entries.first { $0.cpu == benchmark.limits.cpu && $0.kernels == benchmark.kernels }
    guard let found else { throw .noEntry(cpu: benchmark.limits.cpu, kernels: benchmark.kernels) }
    guard Set(found.ratios.keys) == Set(benchmark.shapes.map(\.name)) else { throw .shapesDiffer }
    return benchmark.shapes.compactMap { shape in
      guard let stored = found.ratios[shape.name], shape.ratio < stored * (1 - margin) else { return nil }
      return ShapeRegression(name: shape.name, stored: stored, measured: shape.ratio)
    }
  }
}

/// A shape that is no longer as many times as fast as portable as it was.
public struct ShapeRegression: Hashable, Sendable {
  public var name: String
  public var stored, measured: Double
}

/// Why stored ratios cannot be compared with.
public enum ShapeBaselineError: Error, Hashable, Sendable, CustomStringConvertible {
  case unreadable
  case noEntry(cpu: String, kernels: String)
  case shapesDiffer

  public var description: String {
    switch self {
    case .unreadable: "holds no stored ratios; write it with 'swiftlet bench --shapes --write'"
    case .noEntry(let cpu, let kernels): "has no ratios for \(kernels) on \(cpu); add them with --write"
    case .shapesDiffer: "has ratios for other shapes than this version measures; write it anew with --write --force"
    }
  }
}
