import SwiftletModel
import SwiftletRuntime

/// One layer computed in two ways that give the same bytes or do the same work, timed in turns on one thread.
public struct KernelComparison: Hashable, Sendable, Encodable {
  /// Layer and what it was compared with.
  public var name: String
  public var batch: Int
  /// The fastest call each way.
  public var microseconds, otherMicroseconds: Double

  /// How many times as fast as the other way.
  public var ratio: Double { otherMicroseconds / microseconds }

  enum CodingKeys: String, CodingKey {
    case name, batch, ratio
    case microseconds = "min_us"
    case otherMicroseconds = "other_min_us"
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(batch, forKey: .batch)
    try container.encode(microseconds, forKey: .microseconds)
    try container.encode(otherMicroseconds, forKey: .otherMicroseconds)
    try container.encode(ratio, forKey: .ratio)
  }

  /// A tenth of the 4 x 16 blocks kept against the whole layer, batch 1 and 64: the seed CNN's second convolution, with
  /// its pool, and first dense layer.
  ///
  /// - Throws: `PrepareError`, `ShapeError` or `GraphError` where a layer does not run.
  public static func blockSparse(
    kernels: KernelTable, time: MeasuringTime = ShapeBenchmark.time
  ) throws -> [KernelComparison] {
    var result: [KernelComparison] = []
    for (name, dense) in [("conv2+pool", try seedConvolution()), ("dense1", try seedDense())] {
      let sparse = dense.keepingBlocks(oneIn: 10, ofNode: 0)
      for batch in [1, 64] {
        let calls = try [sparse, dense].map {
          RepeatedCall(try PreparedModel($0, maxBatch: batch, kernels: kernels), batch: batch)
        }
        result.append(measured("\(name), 90% zero blocks against dense", calls, time))
      }
    }
    return result
  }

  /// The portable kernels against the plain Swift loops that define every result, on a layer of each kind.
  ///
  /// - Throws: `PrepareError`, `ShapeError` or `GraphError` where a layer does not run.
  public static func portable(time: MeasuringTime = ShapeBenchmark.time) throws -> [KernelComparison] {
    let names = [
      "resnet8 3x3 16>16 @32", "mobilenetv1 dw3x3 64 @12", "mobilenetv1 1x1 128>128 @6", "autoencoder dense 640>128",
    ]
    return try LayerShape.all.filter { names.contains($0.name) }.map { shape in
      let model = try shape.model()
      let calls = try [KernelTable.portable, .reference].map {
        RepeatedCall(try PreparedModel(model, kernels: $0), batch: 1)
      }
      return measured("\(shape.name), portable against the plain loop", calls, time)
    }
  }

  private static func measured(_ name: String, _ calls: [RepeatedCall], _ time: MeasuringTime) -> KernelComparison {
    let microseconds = Measurement.fastest(calls.map { call in { call.run() } }, time: time)
    return KernelComparison(
      name: name, batch: calls[0].batch, microseconds: microseconds[0], otherMicroseconds: microseconds[1])
  }

  private static func seedDense() throws -> Model {
    try LayerShape(name: "dense1", input: Shape(vector: 1600), op: .dense(Dense(units: 128, activation: .relu))).model()
  }

  private static func seedConvolution() throws -> Model {
    let conv = Conv2D(filters: 64, window: SlidingWindow(kernel: Size2D(3)), activation: .relu)
    var model = try LayerShape(
      name: "conv2", input: Shape(height: 13, width: 13, channels: 32), op: .conv2D(conv)
    ).model()
    let pool = Operator.pool2D(Pool2D(.max, window: SlidingWindow(kernel: Size2D(2), stride: Size2D(2))))
    let shape = try pool.outputShape(for: [model.values[1].shape])
    model.values.append(Value(shape: shape, element: .uint8, quantization: model.values[1].quantization))
    model.nodes.append(Node(op: pool, inputs: [1], output: 2, parameters: []))
    model.outputs = [2]
    try model.validate()
    return model
  }
}

extension Model {
  /// This model with one in `share` of a layer's blocks of 4 inputs by 16 outputs, the others zero: to the exact count,
  /// drawn at random, the same on every call. Inputs and outputs are multiples of 4 and 16.
  package func keepingBlocks(oneIn share: Int, ofNode node: Int) -> Model {
    guard var weights = nodes[node].parameters[0].int8s else { return self }
    let filters = nodes[node].parameters[0].shape[0]
    let perFilter = weights.count / filters
    var random = SplitMix64(seed: 1)
    var blocks = (0..<weights.count / 64).map { (filter: $0 / (perFilter / 4) * 16, input: $0 % (perFilter / 4) * 4) }
    blocks.shuffle(using: &random)
    for block in blocks[(blocks.count / share)...] {
      for filter in block.filter..<block.filter + 16 {
        for input in block.input..<block.input + 4 { weights[filter * perFilter + input] = 0 }
      }
    }
    var result = self
    result.nodes[node].parameters[0].storage = .int8(weights)
    return result
  }
}
