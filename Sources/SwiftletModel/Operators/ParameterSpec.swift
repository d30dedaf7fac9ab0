/// What a parameter tensor of a node is for.
public enum ParameterRole: Hashable, Sendable { case weights, bias, gamma, beta, runningMean, runningVariance }

/// What the axes of a parameter tensor count. The first one counts the output's channels; removing channels removes
/// along it, and along the last one where that counts what the layer reads.
public enum ParameterAxes: Hashable, Sendable {
  /// The output's channels alone.
  case outputChannels
  /// Taps and channels within a group: the same number whatever is removed.
  case fixedAfterOutputChannels
  /// Taps, then the input's channels.
  case inputChannelsLast
  /// All elements of the input, NHWC.
  case inputElementsLast
}

/// A parameter an operator needs, with its extents.
public struct ParameterSpec: Hashable, Sendable {
  public let role: ParameterRole
  public let shape: [Int]
  public let axes: ParameterAxes

  init(role: ParameterRole, shape: [Int], axes: ParameterAxes) {
    self.role = role
    self.shape = shape
    self.axes = axes
  }

  public var count: Int { shape.reduce(1, *) }
}
