import SwiftletModel

/// What a quantized model's u8 input stands for, and the model that expects exactly that.
struct InputPreparation {
  var model: Model
  var input: Quantization
  /// The name of the layer that normalizes, where it needs one.
  private(set) var addedName: [UInt8]?

  /// Does away with the normalization of the input: by nothing, by weights, by the input's scale and zero point, or by a
  /// layer.
  ///
  /// Folded into weights, the model reads x / 255 and has no normalization. Where padding forbids that, one
  /// mean and deviation for all channels with 255 * mean an integer (within 1e-4, what Float keeps of it) become the
  /// input's quantization, and the float model stays as it is, normalization included. Any other normalization becomes
  /// the first layer of a model that reads x / 255, named `normalize`, or `normalize_2` and so on where that is taken.
  /// - Throws: `QuantizationError(.normalizationMalformed)`.
  init(_ model: Model) throws(QuantizationError) {
    guard let normalization = model.metadata.normalization else {
      self.init(model: model, input: .image)
      return
    }
    let value = model.inputs[0]
    let map = ChannelAffine(
      gain: normalization.standardDeviation.map { 1 / Double($0) },
      offset: zip(normalization.mean, normalization.standardDeviation).map { -Double($0) / Double($1) })
    guard model.inputs.count == 1, map.channels == model.values[value].shape.channels,
      (map.gain + map.offset).allSatisfy(\.isFinite), map.gain.allSatisfy({ $0 > 0 })
    else { throw QuantizationError(.normalizationMalformed) }
    if let readers = model.weightedReaders(of: value, taking: map) {
      var folded = model
      for reader in readers { folded.fold(map, intoInputOf: reader) }
      folded.metadata.normalization = nil
      self.init(model: folded, input: .image)
    } else if let input = InputPreparation.quantization(normalization) {
      self.init(model: model, input: input)
    } else {
      let name = model.freeName("normalize")
      var result = model.applying(map, toInput: value, name: name)
      result.metadata.normalization = nil
      self.init(model: result.fusingActivations(), input: .image)
      addedName = name
    }
  }

  private init(model: Model, input: Quantization) {
    self.model = model
    self.input = input
  }

  /// (q / 255 - mean) / deviation as scale * (q - zeroPoint), where it is that exactly.
  static func quantization(_ normalization: Normalization) -> Quantization? {
    guard let mean = normalization.mean.first, let deviation = normalization.standardDeviation.first,
      normalization.mean.allSatisfy({ $0 == mean }), normalization.standardDeviation.allSatisfy({ $0 == deviation })
    else { return nil }
    let zero = 255 * Double(mean)
    let zeroPoint = zero.rounded()
    guard abs(zero - zeroPoint) <= 1e-4, (0...255).contains(zeroPoint),
      let scale = Scale(1 / (255 * Double(deviation)))
    else { return nil }
    return Quantization(scale: scale, zeroPoint: Int(zeroPoint))
  }
}

extension Model {
  /// `base`, or the first of `base_2`, `base_3` and so on that no node is named.
  fileprivate func freeName(_ base: String) -> [UInt8] {
    let taken = Set(nodes.indices.map { name(ofNode: $0) })
    var free = Array(base.utf8)
    var number = 2
    while taken.contains(free) {
      free = Array("\(base)_\(number)".utf8)
      number += 1
    }
    return free
  }
}
