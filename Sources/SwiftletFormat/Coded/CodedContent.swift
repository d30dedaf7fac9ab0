import SwiftletBytes
import SwiftletModel

/// The content of a quantized model as one arithmetic-coded stream (Format.md, Coded content): the bytes of graph and
/// metadata, then the parameters of node after node.
package enum CodedContent {
  /// The most bytes of graph and metadata.
  static var preludeLimit: Int { 1 << 20 }
  /// The most parameters.
  static var parameterLimit: Int { 1 << 24 }

  /// - Parameters:
  ///   - prelude: Graph and metadata as in plain content.
  ///   - model: Canonically numbered, valid, within the limits.
  static func write(_ prelude: [UInt8], _ model: Model) -> (bytes: [UInt8], tensors: [TensorRecord]) {
    var coder = RangeEncoder()
    let tables = LogisticTables()
    _ = codePrelude(prelude, &coder, tables, limit: preludeLimit) { _ in true }
    let parameters = ParameterModel(tables)
    var records: [TensorRecord] = []
    for (index, node) in model.nodes.enumerated() where node.parameters.count == 2 {
      guard var weights = node.parameters[0].int8s, let biases = node.parameters[1].int32s else { continue }
      let grid = model.kernelGrid(ofNode: index)
      var marks = [coder.count]
      parameters.code(weights: &weights, grid, &coder) { _, _ in true }
      marks.append(coder.count)
      _ = parameters.code(scales: node.parameters[0].scales, isEmpty: emptyRows(weights, grid), &coder)
      marks.append(coder.count)
      _ = parameters.code(biases: biases, &coder)
      marks.append(coder.count)
      for (parameter, tensor) in node.parameters.enumerated() {
        records.append(
          TensorRecord(
            node: index, parameter: parameter, encoding: .coded, isTransposed: false, elementCount: tensor.count,
            rawByteCount: tensor.count * tensor.element.byteCount,
            encodedByteCount: marks[2 * parameter + 1] - marks[2 * parameter],
            scaleByteCount: parameter == 0 ? marks[2] - marks[1] : 0,
            deflatedByteCount: marks[2 * parameter + 1] - marks[2 * parameter]))
      }
    }
    return (coder.finished(), records)
  }

  /// The model in the stream `bytes[range]`, which may be hostile.
  package static func read(
    _ bytes: [UInt8], _ range: Range<Int>, limits: ReadLimits
  ) throws(ModelFormatError) -> (model: Model, tensors: [TensorRecord], contentByteCount: Int) {
    var coder = RangeDecoder(bytes, range: range)
    let fail = Fault(range: range, memoryLimit: limits.memoryBytes)
    let tables = LogisticTables()
    let perByte = ReadCost.byteDecisions * ReadCost.decision
    let limit = min(limits.contentBytes, preludeLimit, limits.steps / perByte)
    guard let prelude = codePrelude([], &coder, tables, limit: limit, while: { !$0.isOverrun }) else {
      throw fail(coder.isOverrun ? fail.truncated : .badValue, "graph byte count")
    }
    var (model, specs, budget) = try ModelReader.readPrelude(
      prelude, isQuantized: true, limits: limits, parameterLimit: parameterLimit)
    guard budget.takeSteps(prelude.count, each: perByte) else { throw fail(.stepLimit, "graph") }
    let parameters = ParameterModel(tables)
    var records: [TensorRecord] = []
    for (index, spec) in specs {
      let grid = model.kernelGrid(ofNode: index)
      try take(grid, from: &budget, fail)
      let layer = try readLayer(grid, parameters, &coder, &budget, fail)
      model.nodes[index].parameters = [
        Tensor(shape: spec, storage: .int8(layer.weights), scales: layer.scales),
        Tensor(shape: [grid.rows], storage: .int32(layer.biases)),
      ]
      func record(_ parameter: Int, elements: Int, each width: Int, encoded: Int, scales: Int) -> TensorRecord {
        TensorRecord(
          node: index, parameter: parameter, encoding: .coded, isTransposed: false, elementCount: elements,
          rawByteCount: elements * width, encodedByteCount: encoded, scaleByteCount: scales, deflatedByteCount: 0)
      }
      let sizes = layer.byteCounts
      records.append(record(0, elements: layer.weights.count, each: 1, encoded: sizes.weights, scales: sizes.scales))
      records.append(record(1, elements: grid.rows, each: 4, encoded: sizes.biases, scales: 0))
    }
    switch coder.checkedEnd() {
    case .exact: break
    case .tooShort: throw fail(fail.truncated, "coded content")
    case .tooLong(let extra):
      throw ModelFormatError(
        .bytes(.trailingBytes(extra)), "coded content", at: range.upperBound - extra, isInContent: false)
    case .notLeast: throw fail(.badValue, "end of coded content")
    }
    do { try model.validate() } catch { throw ModelFormatError(.graph(error), "graph", at: 0) }
    return (model, records, prelude.count)
  }

  /// An error of the stream as a whole, in which no byte belongs to one field.
  private struct Fault {
    let range: Range<Int>
    let memoryLimit: Int

    func callAsFunction(_ reason: ModelFormatError.Reason, _ field: StaticString) -> ModelFormatError {
      ModelFormatError(reason, field, at: range.lowerBound, isInContent: false)
    }

    var truncated: ModelFormatError.Reason {
      .bytes(.truncated(needed: range.count + 1, available: range.count))
    }
  }

  /// The parameters of one node and the bytes they took.
  private struct Layer {
    var weights: [Int8]
    var scales: [Scale]
    var biases: [Int32]
    var byteCounts: (weights: Int, scales: Int, biases: Int)
  }

  /// Takes what a layer needs, beside the decisions of its weights, before it is decoded.
  private static func take(
    _ grid: KernelGrid, from budget: inout ReadBudget, _ fail: Fault
  ) throws(ModelFormatError) {
    guard budget.takeMemory(grid.rows, each: ReadCost.channelBytes),
      budget.takeMemory(grid.rows, each: ElementType.int32.byteCount),
      budget.takeMemory(grid.rows, each: grid.columns),
      budget.takeMemory(grid.columns, each: WeightModel.columnBytes)
    else { throw fail(.memoryLimit(fail.memoryLimit), "weights") }
    guard budget.takeSteps(grid.rows, each: ReadCost.channelDecisions * ReadCost.decision) else {
      throw fail(.stepLimit, "weights")
    }
  }

  private static func readLayer(
    _ grid: KernelGrid, _ parameters: borrowing ParameterModel, _ coder: inout RangeDecoder,
    _ budget: inout ReadBudget, _ fail: Fault
  ) throws(ModelFormatError) -> Layer {
    let start = coder.position
    var weights = [Int8](repeating: 0, count: grid.rows * grid.columns)
    var isAffordable = true
    parameters.code(weights: &weights, grid, &coder) { coder, decisions in
      isAffordable = budget.takeSteps(decisions, each: ReadCost.decision)
      return isAffordable && !coder.isOverrun
    }
    let weightEnd = coder.position
    guard !coder.isOverrun else { throw fail(fail.truncated, "weights") }
    guard isAffordable else { throw fail(.stepLimit, "weights") }
    guard let scales = parameters.code(scales: [], isEmpty: emptyRows(weights, grid), &coder) else {
      throw fail(.badValue, "scales")
    }
    let scaleEnd = coder.position
    guard let biases = parameters.code(biases: [Int32](repeating: 0, count: grid.rows), &coder) else {
      throw fail(.badValue, "bias")
    }
    guard !coder.isOverrun else { throw fail(fail.truncated, "bias") }
    return Layer(
      weights: weights, scales: scales, biases: biases,
      byteCounts: (weightEnd - start, scaleEnd - weightEnd, coder.position - scaleEnd))
  }

  /// Codes a byte count and that many bytes; nil where a decoder finds a count above `limit` or runs out.
  private static func codePrelude<Coder: BitCoder>(
    _ bytes: [UInt8], _ coder: inout Coder, _ tables: LogisticTables, limit: Int,
    while goesOn: (borrowing Coder) -> Bool
  ) -> [UInt8]? {
    let counts = NumberModel(tables)
    let coded = counts.code(Int64(bytes.count), &coder)
    guard let count = Int(exactly: coded), count <= limit else { return nil }
    let model = ByteModel(tables)
    var result: [UInt8] = []
    var (one, two): (UInt8, UInt8) = (0, 0)
    for index in 0..<count {
      let byte = model.code(index < bytes.count ? bytes[index] : 0, after: one, two, &coder)
      guard goesOn(coder) else { return nil }
      result.append(byte)
      (one, two) = (byte, one)
    }
    return result
  }

  private static func emptyRows(_ weights: [Int8], _ grid: KernelGrid) -> [Bool] {
    (0..<grid.rows).map { row in
      weights[row * grid.columns..<(row + 1) * grid.columns].allSatisfy { $0 == 0 }
    }
  }
}
