import SwiftletBytes
import SwiftletModel

/// A model with what its file says about itself.
public struct ReadModel: Sendable {
  public var model: Model
  public var header: ModelHeader
  public var tensors: [TensorRecord]
}

public enum ModelReader {
  /// The header of a file, without checking or inflating the rest.
  public static func readHeader(
    _ bytes: [UInt8], limits: ReadLimits = ReadLimits()
  ) throws(ModelFormatError) -> ModelHeader {
    try Container.readHeader(bytes, limits: limits)
  }

  /// Reads and validates a model; `bytes` may be hostile.
  ///
  /// Whatever it allocates is checked against `limits` first, by default those for a file of this size.
  public static func read(_ bytes: [UInt8], limits: ReadLimits? = nil) throws(ModelFormatError) -> Model {
    try readDetailed(bytes, limits: limits).model
  }

  /// As `read`, with the header and how each tensor is stored.
  public static func readDetailed(
    _ bytes: [UInt8], limits: ReadLimits? = nil
  ) throws(ModelFormatError) -> ReadModel {
    let limits = limits ?? ReadLimits(fileOf: bytes.count)
    let header = try Container.readHeader(bytes, limits: limits)
    try Container.check(bytes, header)
    if header.isCoded {
      let read = try CodedContent.read(bytes, header.content, limits: limits)
      var known = header
      known.contentByteCount = read.contentByteCount
      return ReadModel(model: read.model, header: known, tensors: read.tensors)
    }
    let content = try Container.inflate(bytes, header, limits: limits)
    let (model, tensors) = try readContent(content, isQuantized: header.isQuantized, limits: limits)
    return ReadModel(model: model, header: header, tensors: tensors)
  }

  /// The model in inflated content.
  package static func readContent(
    _ content: [UInt8], isQuantized: Bool, limits: ReadLimits = ReadLimits()
  ) throws(ModelFormatError) -> (model: Model, tensors: [TensorRecord]) {
    var reader = FieldReader(content, limits: limits)
    try reader.reserve(content.count, "content")
    var model = try readGraph(&reader, isQuantized: isQuantized, limits: limits)
    model.metadata = try reader.metadata(
      inputChannels: model.values[0].shape.channels, isQuantized: isQuantized)
    var records: [TensorRecord] = []
    var total = 0
    for index in model.nodes.indices {
      let node = model.nodes[index]
      for (parameter, spec) in node.op.parameterSpecs(for: model.values[node.inputs[0]].shape).enumerated() {
        try count(spec.shape, into: &total, limit: limits.parameters, node: index, reader)
        let (tensor, record) = try reader.tensor(spec, isQuantized: isQuantized, node: index, parameter: parameter)
        model.nodes[index].parameters.append(tensor)
        records.append(record)
      }
    }
    try reader.expectEnd("end of content")
    do { try model.validate() } catch { throw reader.error(.graph(error), "graph", at: 0) }
    return (model, records)
  }

  /// The model in a coded content's first bytes, without parameters, and the shapes of the weights to come by node.
  static func readPrelude(
    _ prelude: [UInt8], isQuantized: Bool, limits: ReadLimits, parameterLimit: Int
  ) throws(ModelFormatError) -> (model: Model, weights: [(node: Int, shape: [Int])], budget: ReadBudget) {
    var reader = FieldReader(prelude, limits: limits)
    try reader.reserve(prelude.count, "graph")
    var model = try readGraph(&reader, isQuantized: isQuantized, limits: limits)
    model.metadata = try reader.metadata(
      inputChannels: model.values[0].shape.channels, isQuantized: isQuantized)
    var weights: [(node: Int, shape: [Int])] = []
    var total = 0
    for index in model.nodes.indices {
      let node = model.nodes[index]
      let specs = node.op.parameterSpecs(for: model.values[node.inputs[0]].shape)
      for spec in specs {
        try count(
          spec.shape, into: &total, limit: min(limits.parameters, parameterLimit), node: index, reader)
      }
      if let first = specs.first {
        guard specs.count == 2, first.role == .weights else {
          throw reader.error(.badValue, "parameters", at: reader.offset)
        }
        weights.append((index, first.shape))
      }
    }
    try reader.expectEnd("end of graph")
    return (model, weights, reader.budget)
  }

  /// Adds the elements of `shape` to `total`, refusing more than `limit`.
  private static func count(
    _ shape: [Int], into total: inout Int, limit: Int, node: Int, _ reader: borrowing FieldReader
  ) throws(ModelFormatError) {
    // Extents are capped one by one, so the product of a filter's four needs its own check.
    var count = 1
    for extent in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= limit else {
        throw reader.error(.graph(GraphError(.overLimit, node: node)), "parameters", at: reader.offset)
      }
      count = product
    }
    total += count
    guard total <= limit else {
      throw reader.error(.graph(GraphError(.overLimit, node: node)), "parameters", at: reader.offset)
    }
  }

  private static func readGraph(
    _ reader: inout FieldReader, isQuantized: Bool, limits: ReadLimits
  ) throws(ModelFormatError) -> Model {
    var model = Model(values: [], nodes: [], inputs: [], outputs: [])
    var elementCount = 0
    let inputCount = try reader.count("input count", atLeast: 1, limit: Limits.connections)
    for index in 0..<inputCount {
      var value = Value(shape: try reader.shape("input shape"))
      if isQuantized {
        value.element = .uint8
        let start = reader.offset
        switch try reader.byte("input quantization") {
        case 0: value.quantization = .image
        case 1: value.quantization = try readQuantization(&reader, isInt32: false)
        case let form: throw reader.error(.unknownValue(UInt64(form)), "input quantization", at: start)
        }
      }
      model.values.append(value)
      model.inputs.append(index)
      elementCount += value.shape.count
    }
    let nodeCount = try reader.count("node count", atLeast: 1, limit: Limits.nodes)
    for index in 0..<nodeCount {
      let start = reader.offset
      try readNode(&reader, &model, isQuantized: isQuantized)
      elementCount += model.values[model.values.count - 1].shape.count
      guard elementCount <= limits.activations else {
        throw reader.error(.graph(GraphError(.overLimit, node: index)), "node", at: start)
      }
    }
    let outputCount = try reader.count("output count", limit: Limits.connections)
    if outputCount == 0 { model.outputs = [model.values.count - 1] }
    for _ in 0..<outputCount {
      model.outputs.append(try reader.count("output", limit: model.values.count - 1))
    }
    return model
  }

  private static func readNode(
    _ reader: inout FieldReader, _ model: inout Model, isQuantized: Bool
  ) throws(ModelFormatError) {
    let start = reader.offset
    let tag = try reader.byte("node tag")
    guard let kind = OperatorKind(tag: tag) else {
      throw reader.error(.unknownValue(UInt64(tag)), "node tag", at: start)
    }
    let optionStart = reader.offset
    let options = try reader.varint("node options")
    let forbidden = isQuantized ? 0 : NodeOption.quantization | NodeOption.int32Output
    guard options & ~NodeOption.allowed(kind) == 0, options & forbidden == 0 else {
      throw reader.error(.unknownValue(options), "node options", at: optionStart)
    }
    try reader.reserve(ReadCost.nodeBytes, "node")
    let name = options & NodeOption.name != 0 ? try reader.text("node name", limit: Limits.nameBytes) : []
    var inputs = [model.values.count - 1]
    if options & NodeOption.inputs != 0 {
      inputs = []
      let count = try reader.count("node input count", atLeast: 1, limit: Limits.connections)
      inputs.reserveCapacity(count)
      for _ in 0..<count {
        inputs.append(model.values.count - (try reader.count("node input", atLeast: 1, limit: model.values.count)))
      }
    }
    let op = try reader.op(kind, options)
    let shape: Shape
    do { shape = try op.outputShape(for: inputs.map { model.values[$0].shape }) } catch {
      throw reader.error(.graph(GraphError(.shape(error), node: model.nodes.count)), "node", at: start)
    }
    var value = Value(shape: shape)
    if isQuantized {
      let isInt32 = options & NodeOption.int32Output != 0
      value.element = isInt32 ? .int32 : .uint8
      value.quantization =
        options & NodeOption.quantization != 0
        ? try readQuantization(&reader, isInt32: isInt32) : model.values[inputs[0]].quantization
    }
    model.nodes.append(Node(name: name, op: op, inputs: inputs, output: model.values.count))
    model.values.append(value)
  }

  private static func readQuantization(
    _ reader: inout FieldReader, isInt32: Bool
  ) throws(ModelFormatError) -> Quantization {
    let scale = try reader.scale("scale")
    return Quantization(scale: scale, zeroPoint: isInt32 ? 0 : Int(try reader.byte("zero point")))
  }
}
