import SwiftletFormat
import SwiftletModel

/// Turns layers, one by one, into a model.
struct Assembly {
  private var builder: ModelBuilder
  /// What `inputs` may name, in the order of the file.
  private var named: [(name: String, value: Int)] = [("input", 0)]
  private var places: [String] = []

  /// What is trained is written, and must be readable again.
  init(input: Shape) {
    let limits = ReadLimits()
    builder = ModelBuilder(input: input, parameterLimit: limits.parameters, activationLimit: limits.activations)
  }

  func build() throws(ArchitectureError) -> Model {
    try checkNames()
    do { return try builder.build() } catch {
      throw ArchitectureError("\(error.node.map { "\(places[$0]): " } ?? "")\(error.reason)")
    }
  }

  /// Names tell layers apart in reports and options, those that layers without a name get included.
  private func checkNames() throws(ArchitectureError) {
    var place: [[UInt8]: Int] = [:]
    for index in builder.model.nodes.indices {
      let name = builder.model.name(ofNode: index)
      guard let other = place.updateValue(index, forKey: name) else { continue }
      let shown = quoted(String(decoding: name, as: UTF8.self))
      throw ArchitectureError("\(places[index]) and \(places[other]) are both named \(shown); give one another name")
    }
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

  mutating func add(_ layer: JSON, index: Int) throws(ArchitectureError) {
    let (type, keys) = try Self.type(of: layer, index: index)
    let place = "layer \(index) (\(type))"
    places.append(place)
    let fields = try Fields(layer, where: place, keys: ["type", "name", "inputs"] + keys)
    let name = try fields.has("name") ? self.name(fields) : ""
    let inputs = try inputs(fields)
    let inputShape = builder.model.values[inputs?.first ?? builder.last].shape
    let op = try Self.op(type, fields, input: inputShape)
    do {
      let value = try builder.add(op, name: Array(name.utf8), inputs: inputs)
      if !name.isEmpty { named.append((name, value)) }
    } catch {
      switch error.reason {
      case .tooMany, .shape(.badSetting), .shape(.inputCount), .shape(.shapesDiffer):
        throw ArchitectureError("\(place): \(error.reason)")
      default: throw ArchitectureError("\(place) does not fit an input of \(inputShape.text): \(error.reason)")
      }
    }
  }

  private static func type(of layer: JSON, index: Int) throws(ArchitectureError) -> (type: String, keys: [String]) {
    guard case .object(let members) = layer else {
      throw ArchitectureError("layer \(index) must be a JSON object with a 'type', not \(layer.shown)")
    }
    // The layer's place is told by its type, so this is found before the other fields are looked at.
    let fields = try Fields(layer, where: "layer \(index)", keys: members.map(\.key))
    let type = try fields.text("type", "the text of a layer type")
    guard let found = settings.first(where: { $0.type == type }) else {
      let names = known(settings.map(\.type), insteadOf: type)
      throw ArchitectureError("layer \(index) has unknown type \(quoted(type)); \(names)")
    }
    return found
  }

  private func name(_ fields: Fields) throws(ArchitectureError) -> String {
    let name = try fields.text("name", "a text of 1 to \(Limits.nameBytes) bytes")
    guard (1...Limits.nameBytes).contains(name.utf8.count) else {
      let count = name.utf8.count
      throw ArchitectureError("\(fields.place): 'name' has \(count) bytes; it must have 1 to \(Limits.nameBytes)")
    }
    guard name != "input" else {
      throw ArchitectureError("\(fields.place): the name 'input' stands for the network's input; choose another")
    }
    if let other = named.first(where: { $0.name == name }) {
      throw ArchitectureError(
        "\(fields.place): the name \(quoted(name)) is taken by \(places[other.value - 1]); choose another")
    }
    return name
  }

  private func inputs(_ fields: Fields) throws(ArchitectureError) -> [Int]? {
    guard let names = try fields.names("inputs") else { return nil }
    var values: [Int] = []
    for name in names {
      guard let source = named.first(where: { $0.name == name }) else {
        let names = known(named.map(\.name), insteadOf: name)
        throw ArchitectureError(
          "\(fields.place) reads \(quoted(name)) in its 'inputs', but no earlier layer has this name; \(names)")
      }
      values.append(source.value)
    }
    return values
  }

  private static func op(_ type: String, _ fields: Fields, input: Shape) throws(ArchitectureError) -> Operator {
    switch type {
    case "conv2d":
      return .conv2D(
        Conv2D(
          filters: try fields.integer("filters"), window: try window(fields, stride: Size2D(1)),
          groups: try fields.integer("groups", default: 1), activation: try fields.activation()))
    case "depthwise_conv2d":
      return .conv2D(
        .depthwise(
          channels: input.channels,
          multiplier: try fields.integer("multiplier", default: 1, atMost: Limits.extent / input.channels),
          window: try window(fields, stride: Size2D(1)), activation: try fields.activation()))
    case "dense":
      return .dense(Dense(units: try fields.integer("units"), activation: try fields.activation()))
    case "max_pool2d":
      return .pool2D(Pool2D(.max, window: try window(fields, stride: nil)))
    case "average_pool2d":
      return .pool2D(
        Pool2D(
          .average, window: try window(fields, stride: nil), countsPadding: try fields.flag("count_padding"),
          divisorOverride: fields.has("divisor") ? try fields.integer("divisor", atMost: Limits.elements) : nil))
    case "relu": return .activation(.relu)
    case "bounded_relu": return .activation(.boundedReLU(try fields.bound()))
    case "add": return .add(Add(activation: try fields.activation()))
    case "concat": return .concat(Concat())
    case "flatten": return .reshape(.flatten)
    case "reshape":
      return .reshape(.to(try fields.shape("shape")))
    case "batch_norm":
      return .batchNorm(
        BatchNorm(
          epsilon: try fields.number("epsilon", default: 1e-3, "a number above 0, from 1e-45 to 3e38") {
            $0 > 0 && $0.isFinite
          }, momentum: try fields.number("momentum", default: 0.99, "a number from 0 to 1") { (0...1).contains($0) }))
    case "dropout":
      return .dropout(
        Dropout(rate: try fields.number("rate", "a number from 0 to 0.9999999, below 1") { (0..<1).contains($0) }))
    default: return .softmax(Softmax())
    }
  }

  /// `stride` is the default; nil means the kernel, as for pooling.
  private static func window(_ fields: Fields, stride: Size2D?) throws(ArchitectureError) -> SlidingWindow {
    let kernel = try fields.size("kernel")
    return SlidingWindow(
      kernel: kernel, stride: try fields.size("stride", default: stride ?? kernel),
      dilation: try fields.size("dilation", default: Size2D(1)), padding: try fields.padding(),
      roundsUp: try fields.flag("ceil_mode"))
  }
}
