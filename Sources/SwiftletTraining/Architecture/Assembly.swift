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

  mutating func add(_ layer: JSON, index: Int) throws(ArchitectureError) {
    let type = try Self.type(of: layer, index: index)
    let place = "layer \(index) (\(type.name))"
    places.append(place)
    let fields = try Fields(layer, where: place, keys: ["type", "name", "inputs"] + type.settings)
    let name = try fields.has("name") ? self.name(fields) : ""
    let inputs = try inputs(fields)
    let inputShape = builder.model.values[inputs?.first ?? builder.last].shape
    let op = try type.make(fields, inputShape)
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

  private static func type(of layer: JSON, index: Int) throws(ArchitectureError) -> LayerType {
    guard case .object(let members) = layer else {
      throw ArchitectureError("layer \(index) must be a JSON object with a 'type', not \(layer.shown)")
    }
    // The layer's place is told by its type, so this is found before the other fields are looked at.
    let fields = try Fields(layer, where: "layer \(index)", keys: members.map(\.key))
    let name = try fields.text("type", "the text of a layer type")
    guard let found = LayerType.all.first(where: { $0.name == name }) else {
      let names = known(LayerType.all.map(\.name), insteadOf: name)
      throw ArchitectureError("layer \(index) has unknown type \(quoted(name)); \(names)")
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
}
