import SwiftletBytes
import SwiftletModel

/// A model as a file, and where its bytes went.
public struct WrittenModel: Sendable {
  public var bytes: [UInt8]
  public var tensors: [TensorRecord]
  /// Bytes of the content before deflation: nodes and their quantization, then metadata.
  public var graphByteCount, metadataByteCount: Int
}

/// How a quantized model's content is stored; a float model's is always plain.
public enum Packing: Sendable, Hashable, CaseIterable {
  /// The smaller of the two, but plain where decoding would take long.
  case smallest
  /// Deflated, for readers that know nothing else.
  case plain
  /// Arithmetic coded, however long that takes.
  case coded
}

public enum ModelWriter {
  /// Decisions of the coder that `Packing.smallest` spends on loading a file, some 20 ns each.
  static var decisionLimit: Int { 1 << 20 }

  /// Writes `model` as a `.swl` file.
  ///
  /// Values are renumbered: inputs first, then each node's output in order. The same model and zlib give the same bytes.
  /// - Throws: `ModelFormatError`: `.notWritable` where the model does not validate or passes a limit of the format,
  ///   `.notCodable` where it passes one of the coder and `packing` is `.coded`.
  public static func write(
    _ model: Model, packing: Packing = .smallest, effort: Zlib.Effort = .smallest
  ) throws(ModelFormatError) -> WrittenModel {
    try write(model, packing: packing, effort: effort, caps: .lifted)
  }

  /// As `write`, for readers that hold to `caps`: what is written can be read.
  package static func write(
    _ model: Model, packing: Packing = .smallest, effort: Zlib.Effort = .smallest, caps: ReadLimits
  ) throws(ModelFormatError) -> WrittenModel {
    do {
      try model.validate()
      try check(model, caps)
    } catch { throw ModelFormatError(.notWritable(error), "model", at: 0, isInContent: false) }
    let input = model.values[model.inputs[0]].shape
    guard model.metadata.isWritable(inputChannels: input.channels, isQuantized: model.isQuantized),
      model.nodes.allSatisfy({ $0.name.count <= Limits.nameBytes })
    else {
      throw ModelFormatError(.notWritable(GraphError(.overLimit)), "metadata", at: 0, isInContent: false)
    }
    let model = model.canonicallyNumbered()
    var writer = ByteWriter()
    writeGraph(model, &writer)
    let graphEnd = writer.count
    writer.write(model.metadata)
    let metadataEnd = writer.count
    let flags = model.isQuantized ? ModelFormat.quantizedFlag : 0
    var coded: WrittenModel?
    let isCodable = model.isCodable && metadataEnd <= min(CodedContent.preludeLimit, caps.contentBytes)
    guard packing != .coded || isCodable || !model.isQuantized else {
      throw ModelFormatError(.notCodable, "arithmetic coding", at: 0, isInContent: false)
    }
    if packing != .plain, isCodable {
      if packing == .coded || model.decisionCount <= decisionLimit {
        let stream = CodedContent.write(writer.bytes, model)
        coded = WrittenModel(
          bytes: Container.write(coded: stream.bytes, flags: flags), tensors: stream.tensors,
          graphByteCount: graphEnd, metadataByteCount: metadataEnd - graphEnd)
      }
      if packing == .coded, let coded { return coded }
    }
    var records: [TensorRecord] = []
    var blockEnds: [Int] = []
    for (index, node) in model.nodes.enumerated() {
      for (parameter, tensor) in node.parameters.enumerated() {
        let written = try writer.write(tensor, node: index, parameter: parameter)
        records.append(written.record)
        blockEnds += written.blockEnds
      }
    }
    guard writer.count <= caps.contentBytes else {
      if let coded { return coded }
      throw ModelFormatError(.notWritable(GraphError(.overLimit)), "content", at: 0, isInContent: false)
    }
    let bytes = try Container.write(writer.bytes, flags: flags, blockEnds: blockEnds, effort: effort)
    if let coded, coded.bytes.count < bytes.count { return coded }
    return WrittenModel(
      bytes: bytes, tensors: records, graphByteCount: graphEnd, metadataByteCount: metadataEnd - graphEnd)
  }

  private static func check(_ model: Model, _ caps: ReadLimits) throws(GraphError) {
    let parameters = model.parameterCount
    guard parameters <= caps.parameters else {
      throw GraphError(.tooMany(.parameters, count: parameters, limit: caps.parameters))
    }
    let activations = model.values.reduce(0) { $0 + $1.shape.count }
    guard activations <= caps.activations else {
      throw GraphError(.tooMany(.activations, count: activations, limit: caps.activations))
    }
  }

  private static func writeGraph(_ model: Model, _ writer: inout ByteWriter) {
    writer.writeCount(model.inputs.count)
    for input in model.inputs {
      let value = model.values[input]
      writer.write(value.shape)
      if let quantization = value.quantization {
        // A zero point of 0 and scale 1/255, an image as it is, is one byte.
        let isImage = quantization == .image
        writer.write(byte: isImage ? 0 : 1)
        if !isImage { write(quantization, isInt32: false, &writer) }
      }
    }
    writer.writeCount(model.nodes.count)
    for node in model.nodes {
      let value = model.values[node.output]
      var options = node.op.options
      if !node.name.isEmpty { options |= NodeOption.name }
      if node.inputs != [node.output - 1] { options |= NodeOption.inputs }
      if value.element == .int32 { options |= NodeOption.int32Output }
      if let quantization = value.quantization,
        value.element == .int32 || quantization != model.values[node.inputs[0]].quantization
      {
        options |= NodeOption.quantization
      }
      writer.write(byte: node.op.kind.tag)
      writer.writeVarint(options)
      if !node.name.isEmpty { writer.writeText(node.name) }
      if options & NodeOption.inputs != 0 {
        writer.writeCount(node.inputs.count)
        for input in node.inputs { writer.writeCount(node.output - input) }
      }
      writer.writeFields(of: node.op)
      if options & NodeOption.quantization != 0, let quantization = value.quantization {
        write(quantization, isInt32: value.element == .int32, &writer)
      }
    }
    // 0 outputs mean the last node's alone.
    let isDefault = model.outputs == [model.values.count - 1]
    writer.writeCount(isDefault ? 0 : model.outputs.count)
    if !isDefault { for output in model.outputs { writer.writeCount(output) } }
  }

  private static func write(_ quantization: Quantization, isInt32: Bool, _ writer: inout ByteWriter) {
    writer.write(quantization.scale)
    if !isInt32 { writer.write(byte: UInt8(quantization.zeroPoint)) }
  }
}

extension Model {
  /// Whether the coder applies: quantized, and not too large.
  var isCodable: Bool { isQuantized && parameterCount <= CodedContent.parameterLimit }

  /// About how many decisions the coder takes for the weights.
  var decisionCount: Int {
    nodes.reduce(0) { total, node in
      let weights = node.parameters.first?.int8s ?? []
      return weights.reduce(total) { $0 + $1.decisionCount }
    }
  }

  /// The same model with its values in the format's order: inputs, then each node's output.
  public func canonicallyNumbered() -> Model {
    let order = inputs + nodes.map { $0.output }
    var position = [Int](repeating: 0, count: values.count)
    for (new, old) in order.enumerated() { position[old] = new }
    var result = self
    result.values = order.map { values[$0] }
    result.inputs = inputs.map { position[$0] }
    result.outputs = outputs.map { position[$0] }
    for index in nodes.indices {
      result.nodes[index].inputs = nodes[index].inputs.map { position[$0] }
      result.nodes[index].output = position[nodes[index].output]
    }
    return result
  }
}
