/// Why an operator cannot take an input of some shape.
///
/// Boxed, as all errors with values here are: an error of one word takes little code where it only passes through.
public indirect enum ShapeError: Error, Hashable, Sendable {
  /// An extent is below 1, or the element count passes `Limits`.
  case badShape(Shape)
  /// A kernel, stride or dilation is below 1, or a padding is negative or absurd.
  case badWindow(SlidingWindow)
  /// The window, dilation counted, does not fit into the padded input.
  case windowLargerThanInput(kernel: Int, input: Int)
  /// A pooling window would cover nothing but padding.
  case windowInPadding
  /// Groups do not divide the input channels or the filters.
  case groupsDoNotDivide(groups: Int, inputChannels: Int, filters: Int)
  /// The operator takes another number of inputs.
  case inputCount(expected: Int, actual: Int)
  /// Inputs that must agree in shape do not.
  case shapesDiffer(Shape, Shape)
  /// A reshape changes the number of elements.
  case elementCountDiffers(from: Int, to: Int)
  /// A setting of the operator lies outside its range.
  case badSetting(OperatorSetting, value: Double)
}

/// The settings of operators whose ranges do not depend on the input.
public enum OperatorSetting: Hashable, Sendable, CaseIterable {
  case filters, groups, units, divisor, dropoutRate, epsilon, momentum
}

/// What `Limits` bounds in a model as a whole.
public enum ModelCount: Hashable, Sendable, CaseIterable {
  case nodes
  /// Weights and biases.
  case parameters
  /// Elements of all values, per sample.
  case activations
}

/// Why a graph is not a valid model, and at which node or value.
public struct GraphError: Error, Hashable, Sendable {
  public indirect enum Reason: Hashable, Sendable {
    case shape(ShapeError)
    /// A node reads a value that no earlier node makes and that is no input.
    case valueNotReady(value: Int)
    /// A value is made twice, or made though it is an input.
    case valueMadeTwice(value: Int)
    /// A value is neither an input nor made by a node.
    case valueNeverMade(value: Int)
    /// The declared shape is not the one the operator gives.
    case declaredShape(declared: Shape, inferred: Shape)
    /// A parameter tensor is missing, superfluous, or has other extents than the operator's.
    case parameterShape(index: Int)
    /// A parameter's element type does not fit the model (float, or int8 weights and int32 biases).
    case parameterElement(index: Int)
    /// A float parameter is NaN or infinite, a running variance negative, or an int8 weight -128.
    case parameterValue(index: Int, element: Int)
    /// Per-channel scales are missing or their number is not the channel count.
    case parameterScales(index: Int)
    /// A value's element type or quantization does not fit its place.
    case quantization(value: Int)
    /// The operator exists in float models only.
    case floatOnly
    /// An accumulator of this output channel could pass 32 bits.
    case accumulatorOverflow(channel: Int)
    /// The effective multiplier of this channel is outside 2^-32 ..< 2^30.
    case multiplierRange(channel: Int)
    /// More nodes, values or elements than a reader's limits allow.
    case overLimit
    /// The model would have `count` of something, more than `limit`; a count that no integer holds is `Int.max`.
    case tooMany(ModelCount, count: Int, limit: Int)
    /// There is no node.
    case noNodes
    /// No input or no output is declared, or one is named twice or does not exist.
    case endpoints
  }
  public let reason: Reason
  /// The index of the node in `Model.nodes`, where the fault belongs to one.
  public let node: Int?

  public init(_ reason: Reason, node: Int? = nil) {
    self.reason = reason
    self.node = node
  }
}
