import SwiftletModel

/// A layer of a well-known network, by its shapes alone.
public struct LayerShape: Hashable, Sendable {
  /// Network and layer, such as `resnet18 3x3 64>64 @56`.
  public let name: String
  public let input: Shape
  public let op: Operator

  /// A convolution with SAME padding and ReLU.
  private static func conv(
    _ network: String, _ side: Int, _ channels: Int, _ filters: Int, kernel: Int, stride: Int = 1
  ) -> LayerShape {
    let window = SlidingWindow(kernel: Size2D(kernel), stride: Size2D(stride), padding: .sameUpper)
    return LayerShape(
      name: "\(network) \(kernel)x\(kernel)\(stride > 1 ? "/\(stride)" : "") \(channels)>\(filters) @\(side)",
      input: Shape(height: side, width: side, channels: channels),
      op: .conv2D(Conv2D(filters: filters, window: window, activation: .relu)))
  }

  private static func depthwise(_ network: String, _ side: Int, _ channels: Int, stride: Int = 1) -> LayerShape {
    let window = SlidingWindow(kernel: Size2D(3), stride: Size2D(stride), padding: .sameUpper)
    return LayerShape(
      name: "\(network) dw3x3\(stride > 1 ? "/\(stride)" : "") \(channels) @\(side)",
      input: Shape(height: side, width: side, channels: channels),
      op: .conv2D(.depthwise(channels: channels, window: window, activation: .relu)))
  }

  private static func dense(_ network: String, _ inputs: Int, _ units: Int) -> LayerShape {
    LayerShape(
      name: "\(network) dense \(inputs)>\(units)", input: Shape(vector: inputs),
      op: .dense(Dense(units: units, activation: .relu)))
  }

  /// ResNet-8 for CIFAR-10, as in MLPerf Tiny (Banbury et al. 2021).
  static let resnet8 = [
    conv("resnet8", 32, 3, 16, kernel: 3), conv("resnet8", 32, 16, 16, kernel: 3),
    conv("resnet8", 32, 16, 32, kernel: 3, stride: 2), conv("resnet8", 16, 32, 32, kernel: 3),
    conv("resnet8", 32, 16, 32, kernel: 1, stride: 2), conv("resnet8", 8, 64, 64, kernel: 3),
    dense("resnet8", 64, 10),
  ]

  /// ResNet-18 at 224 x 224 (He et al. 2016).
  static let resnet18 = [
    conv("resnet18", 224, 3, 64, kernel: 7, stride: 2), conv("resnet18", 56, 64, 64, kernel: 3),
    conv("resnet18", 56, 64, 128, kernel: 3, stride: 2), conv("resnet18", 56, 64, 128, kernel: 1, stride: 2),
    conv("resnet18", 28, 128, 128, kernel: 3), conv("resnet18", 14, 256, 256, kernel: 3),
    conv("resnet18", 7, 512, 512, kernel: 3), dense("resnet18", 512, 1000),
  ]

  /// MobileNetV1, width 0.25, at 96 x 96 (Howard et al. 2017), as in MLPerf Tiny's visual wake words.
  static let mobilenetV1 = [
    conv("mobilenetv1", 96, 3, 8, kernel: 3, stride: 2), depthwise("mobilenetv1", 48, 8),
    conv("mobilenetv1", 48, 8, 16, kernel: 1), depthwise("mobilenetv1", 48, 16, stride: 2),
    conv("mobilenetv1", 24, 16, 32, kernel: 1), depthwise("mobilenetv1", 12, 64),
    conv("mobilenetv1", 6, 128, 128, kernel: 1), conv("mobilenetv1", 3, 256, 256, kernel: 1),
  ]

  /// MobileNetV2 at 224 x 224 (Sandler et al. 2018).
  static let mobilenetV2 = [
    conv("mobilenetv2", 112, 16, 96, kernel: 1), depthwise("mobilenetv2", 112, 96, stride: 2),
    conv("mobilenetv2", 56, 24, 144, kernel: 1), depthwise("mobilenetv2", 56, 144),
    conv("mobilenetv2", 28, 192, 32, kernel: 1), conv("mobilenetv2", 14, 384, 64, kernel: 1),
    depthwise("mobilenetv2", 7, 960), conv("mobilenetv2", 7, 960, 320, kernel: 1),
    conv("mobilenetv2", 7, 320, 1280, kernel: 1),
  ]

  /// DS-CNN for keyword spotting on 49 x 10 spectra (Zhang et al. 2017).
  static let keywordSpotting = [
    LayerShape(
      name: "ds-cnn 10x4/2 1>64 @49x10", input: Shape(height: 49, width: 10, channels: 1),
      op: .conv2D(
        Conv2D(
          filters: 64,
          window: SlidingWindow(kernel: Size2D(height: 10, width: 4), stride: Size2D(2), padding: .sameUpper),
          activation: .relu))),
    LayerShape(
      name: "ds-cnn dw3x3 64 @25x5", input: Shape(height: 25, width: 5, channels: 64),
      op: .conv2D(
        .depthwise(channels: 64, window: SlidingWindow(kernel: Size2D(3), padding: .sameUpper), activation: .relu))),
    LayerShape(
      name: "ds-cnn 1x1 64>64 @25x5", input: Shape(height: 25, width: 5, channels: 64),
      op: .conv2D(Conv2D(filters: 64, window: SlidingWindow(kernel: Size2D(1)), activation: .relu))),
    dense("ds-cnn", 64, 12),
  ]

  /// The autoencoder of MLPerf Tiny's anomaly detection, 640-128-128-128-128-8-128-128-128-128-640.
  static let autoencoder = [
    dense("autoencoder", 640, 128), dense("autoencoder", 128, 128), dense("autoencoder", 128, 8),
    dense("autoencoder", 8, 128), dense("autoencoder", 128, 640),
  ]

  /// The committed benchmark.
  public static let all = resnet8 + resnet18 + mobilenetV1 + mobilenetV2 + keywordSpotting + autoencoder
}

extension LayerShape {
  /// A quantized model of this one layer with random weights, the same on every call; its outputs spread over u8.
  ///
  /// - Throws: `ShapeError` and `GraphError`, where the shape fits no layer.
  public func model(seed: UInt64 = 1) throws -> Model {
    var random = SplitMix64(seed: seed)
    let output = try op.outputShape(for: [input])
    var parameters: [Tensor] = []
    for spec in op.parameterSpecs(for: input) {
      if spec.role == .weights {
        let values = (0..<spec.count).map { _ in Int8(truncatingIfNeeded: Int(random.next() % 255) - 127) }
        let scales = (0..<spec.shape[0]).map { _ in Scale(0.004 * Double(1 + random.nextUnit())) ?? .one }
        parameters.append(Tensor(shape: spec.shape, storage: .int8(values), scales: scales))
      } else {
        let values = (0..<spec.count).map { _ in Int32(random.next() % 4001) - 2000 }
        parameters.append(Tensor(shape: spec.shape, storage: .int32(values)))
      }
    }
    // An accumulator's deviation is about sqrt(taps) * 73 * 74 for these weights and the inputs of the golden generator.
    let taps = Double(parameters[0].count / parameters[0].shape[0])
    let scale = Scale(0.006 / 255 * taps.squareRoot() * 73 * 74 / 50) ?? .one
    let model = Model(
      values: [
        Value(shape: input, element: .uint8, quantization: .image),
        Value(shape: output, element: .uint8, quantization: Quantization(scale: scale, zeroPoint: 90)),
      ],
      nodes: [Node(op: op, inputs: [0], output: 1, parameters: parameters)], inputs: [0], outputs: [1])
    try model.validate()
    return model
  }
}
