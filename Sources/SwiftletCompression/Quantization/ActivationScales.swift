import SwiftletModel

/// Gives every value of a folded float model its u8 quantization.
///
/// Values joined by a max pool or a reshape share one, because the operator passes integers through. Their range is
/// that of the values some other operator reads: clamping commutes with selection, so what a max pool never lets
/// through needs no room. An average pool shares its input's (rule R1) where the error measured on the calibration is
/// no greater than with a scale of its own (R2). A concatenation shares one with its inputs, except with an image and
/// with inputs less than half as wide that others read too.
struct ActivationScales {
  private let model: Model
  private let ranges: [ActivationRange]
  private let histograms: [RangeHistogram]
  private let options: QuantizationOptions
  private let consumers: [[Int]]
  private let fixed: [Int: Quantization]
  private var parent: [Int]

  /// `input` is what the bytes of the images stand for.
  init(_ model: Model, input: Quantization, _ histograms: [RangeHistogram], _ options: QuantizationOptions) {
    self.model = model
    self.histograms = histograms
    self.options = options
    ranges = histograms.map { $0.range(options.ranges) }
    consumers = model.consumers()
    fixed = Dictionary(uniqueKeysWithValues: model.inputs.map { ($0, input) })
    parent = Array(model.values.indices)
  }

  /// The quantization of each value; nil where its range is out of reach for scales.
  mutating func assigned() -> [Quantization?] {
    for node in model.nodes where node.op.quantizationRule == .inheritsInput { join(node.output, node.inputs[0]) }
    for node in model.nodes where node.op.quantizationRule == .ownRangeOrInput { chooseRule(node) }
    for node in model.nodes where node.op.quantizationRule == .sharedWithInputs { shareScale(node) }
    return model.values.indices.map { quantization(of: $0) }
  }

  private mutating func chooseRule(_ node: Node) {
    guard let inherited = quantization(of: node.inputs[0]), let own = quantization(ranges[node.output]) else { return }
    let seen = histograms[node.output]
    if seen.meanSquaredError(of: ActivationRange(inherited)) <= seen.meanSquaredError(of: ActivationRange(own)) {
      join(node.output, node.inputs[0])
    }
  }

  private mutating func shareScale(_ node: Node) {
    let joint = range(of: node.output)
    for input in node.inputs where fixedQuantization(of: input) == nil {
      let isReadElsewhere = members(of: input).contains { value in
        consumers[value].contains {
          model.nodes[$0].output != node.output && model.nodes[$0].op.quantizationRule != .inheritsInput
        }
      }
      if !isReadElsewhere || range(of: input).width >= joint.width / 2 { join(node.output, input) }
    }
  }

  // MARK: Sets of values with one quantization

  private func root(_ value: Int) -> Int {
    var value = value
    while parent[value] != value { value = parent[value] }
    return value
  }

  private mutating func join(_ a: Int, _ b: Int) { parent[root(a)] = root(b) }

  private func members(of value: Int) -> [Int] {
    let root = root(value)
    return model.values.indices.filter { self.root($0) == root }
  }

  private func fixedQuantization(of value: Int) -> Quantization? {
    for member in members(of: value) { if let quantization = fixed[member] { return quantization } }
    return nil
  }

  private func range(of value: Int) -> ActivationRange {
    members(of: value).filter(isVisible).reduce(ActivationRange(low: 0, high: 0)) { $0.union(ranges[$1]) }
  }

  /// Whether something other than a selection reads the value.
  private func isVisible(_ value: Int) -> Bool {
    model.outputs.contains(value) || consumers[value].isEmpty
      || consumers[value].contains { model.nodes[$0].op.quantizationRule != .inheritsInput }
  }

  // MARK: Ranges to scales

  private func quantization(of value: Int) -> Quantization? {
    fixedQuantization(of: value) ?? quantization(range(of: value))
  }

  private func quantization(_ range: ActivationRange) -> Quantization? {
    // A constant 0 needs no scale.
    guard range.width > 0 else { return Quantization(scale: .one, zeroPoint: 0) }
    guard let scale = options.activationScales.scale(range.width / 255) else { return nil }
    let zeroPoint = (-range.low / scale.doubleValue).rounded()
    return Quantization(scale: scale, zeroPoint: Int(max(0, min(255, zeroPoint))))
  }
}

extension ActivationRange {
  /// The reals that u8 integers of this quantization stand for.
  init(_ quantization: Quantization) {
    let scale = quantization.scale.doubleValue
    self.init(low: scale * Double(-quantization.zeroPoint), high: scale * Double(255 - quantization.zeroPoint))
  }
}
