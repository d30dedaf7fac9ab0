import SwiftletModel

/// A layer type of architecture files: its name, its settings, and the operator it stands for.
struct LayerType: Sendable {
  let name: String
  /// The keys it has beyond `type`, `name` and `inputs`.
  let settings: [String]
  /// Reads the settings of a layer that reads an input of this shape.
  let make: @Sendable (_ fields: Fields, _ input: Shape) throws(ArchitectureError) -> Operator

  /// All types, in alphabetical order.
  static let all: [LayerType] = (others + Pool2D.Reduction.allCases.map(pool)).sorted { $0.name < $1.name }

  private static let window = ["kernel", "stride", "dilation", "padding"]

  private static func pool(_ reduction: Pool2D.Reduction) -> LayerType {
    LayerType(
      name: "\(reduction.name)",
      settings: window + ["ceil_mode"] + (reduction.hasDivisor ? ["count_padding", "divisor"] : [])
    ) { fields, _ throws(ArchitectureError) in
      .pool2D(
        Pool2D(
          reduction, window: try fields.window(stride: nil), countsPadding: try fields.flag("count_padding"),
          divisorOverride: fields.has("divisor") ? try fields.integer("divisor", atMost: Limits.elements) : nil))
    }
  }

  private static func type(
    _ kind: OperatorKind, _ settings: [String],
    _ make: @escaping @Sendable (Fields, Shape) throws(ArchitectureError) -> Operator
  ) -> LayerType {
    LayerType(name: "\(kind.name)", settings: settings, make: make)
  }

  private static let others: [LayerType] = [
    type(.conv2D, window + ["filters", "groups", "activation"]) { fields, _ throws(ArchitectureError) in
      .conv2D(
        Conv2D(
          filters: try fields.integer("filters"), window: try fields.window(stride: Size2D(1)),
          groups: try fields.integer("groups", default: 1), activation: try fields.activation()))
    },
    LayerType(name: "depthwise_conv2d", settings: window + ["multiplier", "activation"]) {
      fields, input throws(ArchitectureError) in
      .conv2D(
        .depthwise(
          channels: input.channels,
          multiplier: try fields.integer("multiplier", default: 1, atMost: Limits.extent / input.channels),
          window: try fields.window(stride: Size2D(1)), activation: try fields.activation()))
    },
    type(.dense, ["units", "activation"]) { fields, _ throws(ArchitectureError) in
      .dense(Dense(units: try fields.integer("units"), activation: try fields.activation()))
    },
    LayerType(name: "relu", settings: []) { _, _ throws(ArchitectureError) in .activation(.relu) },
    LayerType(name: "bounded_relu", settings: ["bound"]) { fields, _ throws(ArchitectureError) in
      .activation(.boundedReLU(try fields.bound()))
    },
    type(.add, ["activation"]) { fields, _ throws(ArchitectureError) in
      .add(Add(activation: try fields.activation()))
    },
    type(.concat, []) { _, _ throws(ArchitectureError) in .concat(Concat()) },
    type(.flatten, []) { _, _ throws(ArchitectureError) in .reshape(.flatten) },
    type(.reshape, ["shape"]) { fields, _ throws(ArchitectureError) in .reshape(.to(try fields.shape("shape"))) },
    type(.softmax, []) { _, _ throws(ArchitectureError) in .softmax(Softmax()) },
    type(.batchNorm, ["epsilon", "momentum"]) { fields, _ throws(ArchitectureError) in
      .batchNorm(
        BatchNorm(
          epsilon: try fields.number("epsilon", default: 1e-3, "a number above 0, from 1e-45 to 3e38") {
            $0 > 0 && $0.isFinite
          }, momentum: try fields.number("momentum", default: 0.99, "a number from 0 to 1") { (0...1).contains($0) }))
    },
    type(.dropout, ["rate"]) { fields, _ throws(ArchitectureError) in
      .dropout(
        Dropout(rate: try fields.number("rate", "a number from 0 to 0.9999999, below 1") { (0..<1).contains($0) }))
    },
  ]
}

extension Fields {
  /// `stride` is the default; nil means the kernel, as for pooling.
  fileprivate func window(stride: Size2D?) throws(ArchitectureError) -> SlidingWindow {
    let kernel = try size("kernel")
    return SlidingWindow(
      kernel: kernel, stride: try size("stride", default: stride ?? kernel),
      dilation: try size("dilation", default: Size2D(1)), padding: try padding(), roundsUp: try flag("ceil_mode"))
  }
}
