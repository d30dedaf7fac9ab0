import SwiftletModel

/// The model of a layer's parameters: weights, then their scales, then the biases (Format.md, Coded content).
struct ParameterModel: ~Copyable {
  private let weights: WeightModel
  private let learner: BitLearner
  private let flags = ContextTable(2, .even)
  private let powers, emptyPowers, exponents, shifts, biases: NumberModel

  /// The k of Numerics' 2^(k/2).
  static var halfPowers: ClosedRange<Int64> { -124...124 }
  private static var mantissaBits: Int { 30 }

  init(_ tables: LogisticTables) {
    weights = WeightModel(tables)
    learner = BitLearner(tables: tables)
    powers = NumberModel(tables)
    emptyPowers = NumberModel(tables)
    exponents = NumberModel(tables)
    shifts = NumberModel(tables)
    biases = NumberModel(tables)
  }

  /// As `WeightModel.code`.
  func code<Coder: BitCoder>(
    weights values: inout [Int8], _ grid: KernelGrid, _ coder: inout Coder,
    while goesOn: (borrowing Coder, Int) -> Bool
  ) {
    values.withUnsafeMutableBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      weights.code(start, grid, &coder, while: goesOn)
    }
  }

  /// Codes the scales of `rows` rows; `isEmpty` says which have only zeros. A decoder gives any `scales`.
  ///
  /// - Returns: The scales, or nil where a decoder finds one out of range.
  func code<Coder: BitCoder>(scales: [Scale], isEmpty: [Bool], _ coder: inout Coder) -> [Scale]? {
    powers.loosen(to: 30)
    emptyPowers.loosen(to: 30)
    let isGeneral = scales.contains { $0.halfPower.map { !Self.halfPowers.contains(Int64($0)) } ?? true }
    if learner.code(isGeneral ? 1 : 0, &coder, flags.states) == 1 {
      return codeGeneral(scales, count: isEmpty.count, &coder)
    }
    var result: [Scale] = []
    result.reserveCapacity(isEmpty.count)
    // Rows of zeros have scales of their own kind.
    var last: Int64 = -14
    var lastEmpty: Int64 = 0
    for row in isEmpty.indices {
      let wanted = scales.isEmpty ? 0 : Int64(scales[row].halfPower ?? 0)
      if isEmpty[row] {
        lastEmpty += emptyPowers.codeSigned(wanted - lastEmpty, &coder)
      } else {
        last += powers.codeSigned(wanted - last, &coder)
      }
      let k = isEmpty[row] ? lastEmpty : last
      guard Self.halfPowers.contains(k), let scale = Scale(halfPower: Int(k)) else { return nil }
      result.append(scale)
    }
    return result
  }

  private func codeGeneral<Coder: BitCoder>(_ scales: [Scale], count: Int, _ coder: inout Coder) -> [Scale]? {
    var result: [Scale] = []
    var last = Scale.one
    for row in 0..<count {
      let wanted = scales.isEmpty ? last : scales[row]
      if learner.code(wanted != last ? 1 : 0, &coder, flags.states + 1) == 1 {
        let exponent = Int64(last.exponent) + exponents.codeSigned(Int64(wanted.exponent - last.exponent), &coder)
        var mantissa: UInt32 = 1
        for bit in (0..<Self.mantissaBits).reversed() {
          mantissa = mantissa << 1 | UInt32(coder.code(Int(wanted.mantissa >> UInt32(bit) & 1), probability: 1 << 15))
        }
        guard let scale = Scale(mantissa: mantissa, exponent: Int(clamping: exponent)) else { return nil }
        last = scale
      }
      result.append(last)
    }
    return result
  }

  /// Codes biases, which share a number of trailing zero bits. A decoder gives zeros.
  ///
  /// - Returns: The biases, or nil where a decoder finds one that does not fit.
  func code<Coder: BitCoder>(biases values: [Int32], _ coder: inout Coder) -> [Int32]? {
    biases.loosen(to: 4)
    let used = values.reduce(0) { $0 | $1 }
    let shift = shifts.code(used == 0 ? 0 : Int64(used.trailingZeroBitCount), &coder)
    guard shift < 32 else { return nil }
    var result: [Int32] = []
    result.reserveCapacity(values.count)
    for value in values {
      let coded = biases.codeSigned(Int64(value) >> shift, &coder)
      let (product, overflow) = coded.multipliedReportingOverflow(by: 1 << shift)
      guard !overflow, let bias = Int32(exactly: product) else { return nil }
      result.append(bias)
    }
    return result
  }
}

extension Model {
  /// The weights of node `index` as kernels: a dense layer's input before Flatten nodes gives their extents.
  func kernelGrid(ofNode index: Int) -> KernelGrid {
    let node = nodes[index]
    let weights = node.op.parameterSpecs(for: values[node.inputs[0]].shape).first { $0.role == .weights }
    guard let weights else { return KernelGrid(rows: 0, height: 0, width: 0, channels: 0) }
    let extents = weights.shape
    guard weights.axes.contains(.inputElements) else {
      return KernelGrid(rows: extents[0], height: extents[1], width: extents[2], channels: extents[3])
    }
    var value = node.inputs[0]
    // Values are numbered inputs first, then node by node.
    while value >= inputs.count, traits(of: nodes[value - inputs.count]).channels == .repeatsForPixels {
      value = nodes[value - inputs.count].inputs[0]
    }
    let shape = values[value].shape
    return KernelGrid(rows: extents[0], height: shape.height, width: shape.width, channels: shape.channels)
  }
}
