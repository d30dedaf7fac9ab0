import Foundation
import SwiftletModel

/// Turns layers, one by one, into a model.
struct Assembly {
  private var builder: ModelBuilder
  private var valueOfName: [String: Int] = ["input": 0]

  init(input: Shape) { builder = ModelBuilder(input: input) }

  func build() throws -> Model {
    do { return try builder.build() } catch { throw ArchitectureError("the network is not valid: \(error.reason)") }
  }

  private static let window = ["kernel", "stride", "dilation", "padding"]
  /// The settings of each layer type beyond `type`, `name` and `inputs`.
  private static let settings: [(type: String, keys: [String])] = [
    ("add", ["activation"]),
    ("average_pool2d", window + ["ceil_mode", "count_padding", "divisor"]),
    ("batch_norm", ["epsilon", "momentum"]),
    ("bounded_relu", ["bound"]),
    ("concat", []),
    ("conv2d", window + ["filters", "groups", "activation"]),
    ("dense", ["units", "activation"]),
    ("depthwise_conv2d", window + ["multiplier", "activation"]),
    ("dropout", ["rate"]),
    ("flatten", []),
    ("max_pool2d", window + ["ceil_mode"]),
    ("relu", []),
    ("reshape", ["shape"]),
    ("softmax", []),
  ]

  mutating func add(_ layer: Any, index: Int) throws {
    guard let type = (layer as? [String: Any])?["type"] as? String else {
      throw ArchitectureError("layer \(index) needs a 'type'")
    }
    let place = "layer \(index) (\(type))"
    guard let keys = Self.settings.first(where: { $0.type == type })?.keys else {
      let known = Self.settings.map(\.type).joined(separator: ", ")
      throw ArchitectureError("layer \(index) has unknown type '\(type)'; known are \(known)")
    }
    let fields = try Fields(layer, where: place, keys: ["type", "name", "inputs"] + keys)
    let name = fields.take("name") as? String ?? ""
    guard name.utf8.count <= Limits.nameBytes, name.isEmpty || valueOfName[name] == nil else {
      throw ArchitectureError("\(place): the name '\(name)' is taken or too long")
    }
    let inputs = try (fields.take("inputs") as? [Any])?.map { entry in
      guard let source = entry as? String, let value = valueOfName[source] else {
        throw ArchitectureError("\(place) reads '\(entry)', which no earlier layer is named")
      }
      return value
    }
    let inputShape = builder.model.values[inputs?.first ?? builder.last].shape
    let op = try Self.op(type, fields, input: inputShape)
    do {
      let value = try builder.add(op, name: Array(name.utf8), inputs: inputs)
      if !name.isEmpty { valueOfName[name] = value }
    } catch {
      throw ArchitectureError("\(place) does not fit an input of \(inputShape): \(error.reason)")
    }
  }

  private static func op(_ type: String, _ fields: Fields, input: Shape) throws -> Operator {
    switch type {
    case "conv2d":
      return .conv2D(
        Conv2D(
          filters: try fields.integer("filters"), window: try window(fields, stride: Size2D(1)),
          groups: try fields.integer("groups", default: 1), activation: try fields.activation()))
    case "depthwise_conv2d":
      return .conv2D(
        .depthwise(
          channels: input.channels, multiplier: try fields.integer("multiplier", default: 1),
          window: try window(fields, stride: Size2D(1)), activation: try fields.activation()))
    case "dense":
      return .dense(Dense(units: try fields.integer("units"), activation: try fields.activation()))
    case "max_pool2d":
      return .pool2D(Pool2D(.max, window: try window(fields, stride: nil)))
    case "average_pool2d":
      return .pool2D(
        Pool2D(
          .average, window: try window(fields, stride: nil), countsPadding: try fields.flag("count_padding"),
          divisorOverride: fields.take("divisor") == nil ? nil : try fields.integer("divisor")))
    case "relu": return .activation(.relu)
    case "bounded_relu": return .activation(try fields.bounded(try fields.number("bound", default: 6)))
    case "add": return .add(Add(activation: try fields.activation()))
    case "concat": return .concat(Concat())
    case "flatten": return .reshape(.flatten)
    case "reshape":
      let extents = try fields.integers("shape", count: 3...3)
      return .reshape(.to(Shape(height: extents[0], width: extents[1], channels: extents[2])))
    case "batch_norm":
      return .batchNorm(
        BatchNorm(
          epsilon: Float(try fields.number("epsilon", default: 1e-3)),
          momentum: Float(try fields.number("momentum", default: 0.99))))
    case "dropout": return .dropout(Dropout(rate: Float(try fields.number("rate"))))
    default: return .softmax(Softmax())
    }
  }

  /// `stride` is the default; nil means the kernel, as for pooling.
  private static func window(_ fields: Fields, stride: Size2D?) throws -> SlidingWindow {
    let kernel = try fields.size("kernel")
    return SlidingWindow(
      kernel: kernel, stride: try fields.size("stride", default: stride ?? kernel),
      dilation: try fields.size("dilation", default: Size2D(1)), padding: try fields.padding(),
      roundsUp: try fields.flag("ceil_mode"))
  }
}
