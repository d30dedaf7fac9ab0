import SwiftletModel
import SwiftletRuntime

/// One layer shape on one kernel table, beside the portable one.
public struct ShapeMeasurement: Hashable, Sendable, Encodable {
  public var name: String
  /// Fastest call of one sample on one thread, on the table measured and on the portable one.
  public var microseconds, portableMicroseconds: Double
  /// The layer on the table measured, at its fastest.
  public var layer: LayerMeasurement

  /// How many times as fast as portable.
  public var ratio: Double { portableMicroseconds / microseconds }

  enum CodingKeys: String, CodingKey {
    case name, layer, ratio
    case microseconds = "min_us"
    case portableMicroseconds = "portable_min_us"
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(microseconds, forKey: .microseconds)
    try container.encode(portableMicroseconds, forKey: .portableMicroseconds)
    try container.encode(ratio, forKey: .ratio)
    try container.encode(layer, forKey: .layer)
  }
}

/// The layer shapes of well-known networks on one kernel table.
public struct ShapeBenchmark: Hashable, Sendable, Encodable {
  public var kernels: String
  public var limits: MachineLimits
  public var shapes: [ShapeMeasurement]

  /// The multiply-accumulates from which a shape is large enough for its share of the peak to mean something.
  public static var computeBoundWork: Int { 1_000_000 }

  /// The median share of the peak of the shapes of at least `computeBoundWork`, nil where there are none.
  public var medianPeakShare: Double? {
    let shares = shapes.filter { $0.layer.usefulMultiplyAccumulates >= Self.computeBoundWork }
      .map(\.layer.peakShare).sorted()
    return shares.isEmpty ? nil : shares[shares.count / 2]
  }

  /// What each shape is measured for: 8 turns of 15 ms on each table.
  public static var time: MeasuringTime {
    MeasuringTime(warmUpSeconds: 0, seconds: 0.12, leastCalls: 1, rounds: 8)
  }

  /// Measures every shape on `kernels` and on the portable table in turns, one sample on one thread.
  ///
  /// - Throws: `PrepareError`, `ShapeError` or `GraphError` where a shape does not run.
  public static func measured(
    _ shapes: [LayerShape] = LayerShape.all, kernels: KernelTable, time: MeasuringTime = Self.time,
    progress: (String, Double) -> Void = { _, _ in }
  ) throws -> ShapeBenchmark {
    let name = "\(kernels.name)"
    var limits = MachineLimits.measured(kernels: name)
    var results: [(shape: LayerShape, prepared: PreparedModel, microseconds: [Double])] = []
    for (index, shape) in shapes.enumerated() {
      progress(shape.name, Double(index) / Double(shapes.count))
      let model = try shape.model()
      let prepared = try PreparedModel(model, kernels: kernels)
      let fast = RepeatedCall(prepared, batch: 1)
      let portable = RepeatedCall(try PreparedModel(model, kernels: .portable), batch: 1)
      results.append((shape, prepared, Measurement.fastest([{ fast.run() }, { portable.run() }], time: time)))
    }
    limits = limits.combined(with: MachineLimits.measured(kernels: name))
    let measurements = results.map { shape, prepared, microseconds in
      ShapeMeasurement(
        name: shape.name, microseconds: microseconds[0], portableMicroseconds: microseconds[1],
        layer: prepared.layers(batch: 1, microseconds: [microseconds[0]], limits: limits)[0])
    }
    return ShapeBenchmark(kernels: name, limits: limits, shapes: measurements)
  }

  /// Both measurements of the same machine put together: for each shape the fastest calls, disturbances being slow.
  ///
  /// - Parameter other: May have fewer shapes, such as those worth another look.
  public func combined(with other: ShapeBenchmark) -> ShapeBenchmark {
    var result = self
    for again in other.shapes {
      guard let index = shapes.firstIndex(where: { $0.name == again.name }) else { continue }
      if again.microseconds < shapes[index].microseconds {
        result.shapes[index].microseconds = again.microseconds
        result.shapes[index].layer = again.layer
      }
      result.shapes[index].portableMicroseconds = min(
        again.portableMicroseconds, shapes[index].portableMicroseconds)
    }
    return result
  }
}
