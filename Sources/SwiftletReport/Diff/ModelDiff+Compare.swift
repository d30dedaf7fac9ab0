import SwiftletBenchmark
import SwiftletCompression
import SwiftletData
import SwiftletEvaluation
import SwiftletModel
import SwiftletRuntime
import SwiftletSearch

extension ModelDiff {
  /// Compares two models of the same task.
  ///
  /// Layers are compared where both graphs, the float one folded, have the same operators and shapes in the same order.
  /// - Parameters:
  ///   - images: Images to score both on, labelled unless the models give back their input; none compares facts and
  ///     weights alone.
  ///   - count: Images whose every value is looked at, the first of `images`.
  /// - Throws: `EvaluationError`, `QuantizationError`, `GraphError` or `PrepareError` where a model cannot run.
  public init(_ first: Model, _ second: Model, images: Dataset? = nil, count: Int = 256, threads: Int = 1) throws {
    let models = [first, second]
    sides = try models.map { try Side($0) }
    let observed = try models.map { try ObservedModel($0, threads: threads) }
    let pairs = Self.pairs(observed[0].model, observed[1].model)
    layers = pairs.map { Layer(node: $0, observed[0].model, observed[1].model) }
    worstImages = []
    imageCount = 0
    guard let images else { return }
    let evaluations = try models.map { try Evaluation.of($0, on: images, threads: threads) }
    guard models[0].reconstructsInput == models[1].reconstructsInput else { throw EvaluationError.kindsDiffer }
    for index in sides.indices {
      sides[index].explainedVariance = evaluations[index].reconstruction?.explainedVariance
      if evaluations[index].reconstruction == nil { sides[index].correctCount = evaluations[index].correctCount }
    }
    comparison = PairedComparison(evaluations[0], evaluations[1], labels: images.labels)
    imageCount = min(count, images.count)
    let sample = images.subset(0..<imageCount)
    measureOutputs(observed, pairs, sample, evaluations)
    if !first.isQuantized, second.isQuantized, pairs.count == observed[0].model.nodes.count {
      measureWeightsAlone(observed[0], try ObservedModel(first, threads: threads), second, pairs, sample)
    }
  }

  /// The nodes at which both graphs agree from the input on: the same operator and output shape.
  private static func pairs(_ a: Model, _ b: Model) -> [Int] {
    guard a.nodes.count == b.nodes.count else { return [] }
    return a.nodes.indices.filter {
      a.nodes[$0].op.kind == b.nodes[$0].op.kind
        && a.values[a.nodes[$0].output].shape == b.values[b.nodes[$0].output].shape
    }
  }

  private mutating func measureOutputs(
    _ observed: [ObservedModel], _ pairs: [Int], _ sample: Dataset, _ evaluations: [Evaluation]
  ) {
    var noises = [Noise](repeating: Noise(), count: pairs.count)
    var errors: [(index: Int, error: Double)] = []
    Self.forEachBatch(of: sample) { batch, first in
      for model in observed { model.run(batch) }
      for image in 0..<batch.count {
        for (position, node) in pairs.enumerated() {
          let (a, b) = (observed[0].values(ofNode: node, image: image), observed[1].values(ofNode: node, image: image))
          noises[position].add(a, b)
          guard observed[0].model.nodes[node].output == observed[0].model.outputs[0] else { continue }
          var own = Noise()
          own.add(a, b)
          errors.append((first + image, own.signal == 0 ? 0 : (own.noise / own.signal).squareRoot()))
        }
      }
    }
    for position in pairs.indices { layers[position].outputSQNR = noises[position].decibels }
    worstImages = errors.sorted { ($1.error, $0.index) < ($0.error, $1.index) }.prefix(8).map { index, error in
      Image(
        index: index, label: sample.isLabelled ? sample.classNames[Int(sample.labels[index])] : "",
        predictions: evaluations.map { $0.answer(at: index) }, relativeError: error)
    }
  }

  /// The first model in float with the second's weights: all of them, then one layer's at a time.
  ///
  /// `clean` is the first model again; it runs anew each time, so that no more than a batch's values are held.
  private mutating func measureWeightsAlone(
    _ changed: ObservedModel, _ clean: ObservedModel, _ quantized: Model, _ pairs: [Int], _ sample: Dataset
  ) {
    var replaced: [Int: Node] = [:]
    for node in pairs { replaced[node] = quantized.dequantizedNode(node) }
    func noises(with nodes: [Int: Node]) -> [Noise] {
      changed.setParameters(of: nodes)
      var result = [Noise](repeating: Noise(), count: pairs.count)
      Self.forEachBatch(of: sample) { batch, _ in
        clean.run(batch)
        changed.run(batch)
        for image in 0..<batch.count {
          for (position, node) in pairs.enumerated() {
            result[position].add(
              clean.values(ofNode: node, image: image), changed.values(ofNode: node, image: image))
          }
        }
      }
      return result
    }
    let all = noises(with: replaced)
    for position in pairs.indices { layers[position].weightsOnlySQNR = all[position].decibels }
    guard let output = pairs.firstIndex(where: { clean.model.nodes[$0].output == clean.model.outputs[0] }) else {
      return
    }
    for (position, node) in pairs.enumerated() {
      guard let own = replaced[node] else { continue }
      layers[position].aloneSQNR = noises(with: [node: own])[output].decibels
    }
  }

  private static func forEachBatch(of sample: Dataset, _ body: (_ batch: Dataset, _ first: Int) -> Void) {
    for first in stride(from: 0, to: sample.count, by: ObservedModel.batch) {
      body(sample.subset(first..<min(first + ObservedModel.batch, sample.count)), first)
    }
  }
}

extension ModelDiff.Side {
  init(_ model: Model) throws {
    isQuantized = model.isQuantized
    parameterCount = model.parameterCount
    nonzeroCount = model.nodes.reduce(0) { $0 + $1.parameters.reduce(0) { $0 + $1.count - $1.zeroCount } }
    multiplyAccumulates = model.multiplyAccumulates
    guard model.isQuantized else { return }
    microseconds = Measurement.calls(of: try PreparedModel(model), batch: 1, threads: 1).medianMicroseconds
  }
}

extension ModelDiff.Layer {
  init(node: Int, _ a: Model, _ b: Model) {
    name = a.text(ofNode: node)
    output = a.values[a.nodes[node].output].shape.text
    guard a.nodes[node].op.isWeighted else { return }
    let weights = [a, b].map { $0.nodes[node].parameters[0] }
    nonzeroCounts = weights.map { $0.count - $0.zeroCount }
    let reals = [a, b].map { ($0.dequantizedNode(node) ?? $0.nodes[node]).parameters[0].floats ?? [] }
    guard reals[0].count == reals[1].count else { return }
    var noise = Noise()
    noise.add(reals[0].map(Double.init), reals[1].map(Double.init))
    weightSQNR = noise.decibels
  }
}

extension Evaluation {
  /// What the model said of image `index`: its class, or the mean squared error of giving it back.
  fileprivate func answer(at index: Int) -> String {
    reconstruction.map { "\($0.squaredErrors[index].rounded(places: 5))" } ?? classNames[predictions[index]]
  }
}
