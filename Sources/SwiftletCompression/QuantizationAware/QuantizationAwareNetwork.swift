import SwiftletFloat
import SwiftletModel

/// How weights are trained as integers.
public struct QuantizationAwareOptions: Hashable, Sendable, Codable {
  /// Weights become integers in -levels ... levels, one number for each weighted layer in order; the last one serves
  /// the layers after it. 127, 7, 3 or 1 (ternary) are usual.
  public var levels: [Int]

  public init(levels: [Int] = [7]) {
    precondition(!levels.isEmpty && levels.allSatisfy { (1...127).contains($0) }, "levels lie in 1 ... 127")
    self.levels = levels
  }
}

/// A network trained in the integers it will run with (quantization-aware training after Jacob et al. 2018).
///
/// The forward pass of the `FloatNetwork` it is attached to computes the runtime's integers, held as floats: weights
/// q = round(w / s) in -L ... L, biases round(b / (S_in * s)), activations u = q - z, and `FixedPointMultiplier` for
/// every requantization. Sums of integers below 2^24 are exact in floating point whatever their order, and scales are
/// kept so that no accumulator can pass that, so every activation equals the runtime's, bit for bit. What has no weights
/// but sums or changes scales (addition, concatenation, average pools, activations) computes in 64-bit integers.
/// Logits hold scale * integer, the scale a power of two.
///
/// Backward, rounding counts as the identity (straight-through); clamping cuts the gradient of activations, and that of
/// weights where it would drive them further out. Weight scales follow the weights until they are left as they are.
public final class QuantizationAwareNetwork {
  /// The folded float model: its parameters are where training starts.
  public let model: Model
  let options: QuantizationAwareOptions
  private(set) var layers: [QuantizationAwareLayer]
  let quantizations: [Quantization]
  /// What happens to each value after it is computed, decided when attached.
  private var actions: [Action]
  /// The nodes without weights whose integers are not what their float operator makes of its inputs'.
  private var simulated: [Int: any OperatorSubstitute] = [:]

  private enum Action {
    case none
    /// Pixels to u8 integers.
    case image
    case requantize(layer: Int)
  }

  /// - Parameters:
  ///   - folded: Any graph that the integer runtime runs.
  ///   - calibration: What its values held over training images: activation scales follow from it and stay.
  /// - Throws: `QuantizationError` naming the node that cannot be trained so.
  public init(
    _ folded: FoldedModel, calibration: Calibration, options: QuantizationAwareOptions
  ) throws(QuantizationError) {
    guard calibration.histograms.count == folded.model.values.count else {
      throw QuantizationError(.calibrationMismatch)
    }
    guard calibration.imageCount > 0 else { throw QuantizationError(.noCalibrationImages) }
    model = folded.model
    self.options = options
    var ranges = QuantizationOptions()
    ranges.activationScales = .halfPower
    var scales = ActivationScales(model, input: folded.input, calibration.histograms, ranges)
    let assigned = scales.assigned()
    let consumers = model.consumers()
    layers = []
    actions = Array(repeating: .none, count: model.values.count)
    for value in model.inputs { actions[value] = .image }
    for (index, node) in model.nodes.enumerated() {
      let from = node.inputs.compactMap { assigned[$0] }
      guard let to = assigned[node.output], from.count == node.inputs.count else {
        throw QuantizationError(.scaleRange, node: folded.names[index])
      }
      if node.op.isWeighted {
        actions[node.output] = .requantize(layer: layers.count)
        layers.append(
          QuantizationAwareLayer(
            node: index, levels: options.levels[min(layers.count, options.levels.count - 1)], input: from[0],
            output: consumers[node.output].isEmpty ? nil : to, activation: node.op.fusedActivation,
            // A sixteenth of a nat, or one grey level of an image.
            logitStep: model.reconstructsInput ? 1.0 / 255 : 1.0 / 16, weights: node.parameters[0].floats ?? [],
            bias: node.parameters[1].floats ?? []))
      } else {
        simulated[index] = try node.op.simulated(
          model.inputShapes(of: node), from: from, to: to, name: folded.names[index])
      }
    }
    quantizations = assigned.map { $0 ?? folded.input }
  }

  /// The outputs of the model that are u8, in order.
  private var byteOutputs: [Int] {
    let logits = Set(layers.filter { $0.output == nil }.map { model.nodes[$0.node].output })
    return model.outputs.filter { !logits.contains($0) }
  }

  /// The model to make the `FloatNetwork` of.
  ///
  /// Bounded activations are plain ones there, as the bound differs from channel to channel in accumulators;
  /// requantization clamps instead. Each u8 output gets one more node, which makes reals of its integers for the loss.
  public var trainable: Model {
    var result = model
    for index in model.nodes.indices where model.nodes[index].op.isWeighted {
      if case .boundedReLU = model.nodes[index].op.fusedActivation, let op = model.nodes[index].op.fusing(.relu) {
        result.nodes[index].op = op
      }
    }
    for value in byteOutputs {
      let reals = result.values.count
      result.values.append(model.values[value])
      result.nodes.append(Node(op: .activation(.none), inputs: [value], output: reals))
      for index in result.outputs.indices where result.outputs[index] == value { result.outputs[index] = reals }
    }
    return result
  }

  /// Makes `network`, built of `trainable`, compute with integers from now on.
  public func attach(to network: FloatNetwork) {
    // Where a convolution runs fused with its pool, requantization comes after the pool: both are monotone.
    for (index, node) in model.nodes.enumerated() {
      guard case .requantize = actions[node.output], network.values(of: node.output) == nil,
        let pool = model.consumers()[node.output].first
      else { continue }
      actions[model.nodes[pool].output] = actions[node.output]
      precondition(pool == index + 1, "a convolution is fused with the pool right after it")
    }
    network.parameterTransform = { [unowned self] parameter, target in
      guard let layer = layers.first(where: { $0.node == parameter.node }) else { return }
      _ = target.update(fromContentsOf: parameter.role == .weights ? layer.weights : layer.bias)
    }
    // The values that `trainable` adds come last and have no action.
    network.valueTransform = { [unowned self] value, elements in
      if value < actions.count { transform(value, elements) }
    }
    network.gradientTransform = { [unowned self] value, elements, gradient in
      if value < actions.count, case .requantize(let layer) = actions[value] {
        layers[layer].backward(elements, gradient)
      }
    }
    // Integers u = q - z, of which there are 256.
    network.integerLimit = 255
    network.substitutes = simulated
    for (offset, value) in byteOutputs.enumerated() {
      network.substitutes[model.nodes.count + offset] = Dequantization(quantizations[value].scale)
    }
    refresh(network)
  }

  private func transform(_ value: Int, _ elements: UnsafeMutableBufferPointer<Float>) {
    switch actions[value] {
    case .none: break
    case .image:
      // The network scales pixels to 0...1, and may normalize them; the integers are what the runtime gets.
      let quantization = quantizations[value]
      let inverse = Float(1 / quantization.scale.doubleValue)
      FloatKernels.best.pixelsToIntegers(elements, inverse: inverse)
    case .requantize(let layer): layers[layer].requantize(elements)
    }
  }

  /// Rounds the network's parameters anew; to be called after every change of them.
  public func refresh(_ network: FloatNetwork) {
    for index in layers.indices {
      let weights = network.parameter(node: layers[index].node, index: 0).value
      let bias = network.parameter(node: layers[index].node, index: 1).value
      layers[index].quantize(weights: weights.readable, bias: bias.readable)
    }
    network.parametersChanged()
  }

  /// Chooses the weight scales anew, each for the least squared error of its channel; `refresh` must follow.
  public func refitScales(_ network: FloatNetwork) {
    for index in layers.indices {
      layers[index].refitScales(to: network.parameter(node: layers[index].node, index: 0).value.readable)
    }
  }

  /// Turns the gradients of integers into those of the real parameters.
  ///
  /// To be called between the training pass and the optimizer step.
  public func takeGradients(_ network: FloatNetwork) {
    for layer in layers {
      let weights = network.parameter(node: layer.node, index: 0)
      let bias = network.parameter(node: layer.node, index: 1)
      guard let dw = weights.gradient?.all, let db = bias.gradient?.all else { continue }
      layer.takeGradients(weights.value.readable, dw, db)
    }
  }
}
