import CSwiftletKernels

/// Updates a network's parameters from their gradients.
public final class Optimizer {
  public enum Kind: Hashable, Sendable {
    /// Kingma and Ba 2015; weight decay is decoupled (Loshchilov and Hutter 2019).
    case adam(beta1: Float, beta2: Float, epsilon: Float)
    case sgd(momentum: Float, nesterov: Bool)
  }

  public let kind: Kind
  /// Decay of weights per unit of learning rate; biases and batch-norm parameters do not decay.
  public let weightDecay: Float
  /// Steps taken.
  public var stepCount = 0
  private let network: FloatNetwork
  private let trained: [Parameter]
  private let moments: [FloatBuffer]
  private static let chunk = 16384

  public init(_ kind: Kind, weightDecay: Float, network: FloatNetwork) {
    self.kind = kind
    self.weightDecay = weightDecay
    self.network = network
    trained = network.parameters.filter(\.isTrained)
    let perParameter: Int =
      switch kind {
      case .adam: 2
      case .sgd: 1
      }
    moments = trained.flatMap { parameter in (0..<perParameter).map { _ in FloatBuffer(parameter.count) } }
  }

  /// The moments, to be kept in a checkpoint. Setting takes what getting gave.
  public var state: [[Float]] {
    get { moments.map(\.array) }
    set {
      precondition(newValue.map(\.count) == moments.map(\.count), "the state is of another network or optimizer")
      for (moment, values) in zip(moments, newValue) { _ = moment.all.update(fromContentsOf: values) }
    }
  }

  /// One step at learning rate `rate` along the gradients of the last `FloatNetwork.train`.
  public func step(rate: Float) {
    stepCount += 1
    let tasks = trained.indices.flatMap { index in
      stride(from: 0, to: trained[index].count, by: Self.chunk).map { (index, $0) }
    }
    network.pool.run(tasks.count) { task, _ in
      let (index, start) = tasks[task]
      update(index, start, min(Self.chunk, trained[index].count - start), rate)
    }
    network.parametersChanged()
  }

  private func update(_ index: Int, _ start: Int, _ count: Int, _ rate: Float) {
    let parameter = trained[index]
    guard let gradient = parameter.gradient else { return }
    let decay = parameter.role == .weights ? rate * weightDecay : 0
    let value = parameter.value.pointer + start
    let table = network.context.kernels.table
    switch kind {
    case .adam(let beta1, let beta2, let epsilon):
      let correction = (1 - power(beta2, stepCount)).squareRoot() / (1 - power(beta1, stepCount))
      table.adam(
        value, moments[2 * index].pointer + start, moments[2 * index + 1].pointer + start, gradient.pointer + start,
        count,
        beta1, beta2, rate * Float(correction), epsilon, decay)
    case .sgd(let momentum, let nesterov):
      table.momentum(
        value, moments[index].pointer + start, gradient.pointer + start, count, momentum, rate, decay, nesterov ? 1 : 0)
    }
  }

  private func power(_ base: Float, _ exponent: Int) -> Double {
    var result = 1.0
    var square = Double(base)
    var rest = exponent
    while rest > 0 {
      if rest & 1 == 1 { result *= square }
      square *= square
      rest >>= 1
    }
    return result
  }
}
