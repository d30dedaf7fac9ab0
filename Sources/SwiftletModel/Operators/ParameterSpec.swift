/// What a parameter tensor of a node is for.
public enum ParameterRole: Hashable, Sendable { case weights, bias, gamma, beta, runningMean, runningVariance }

/// What an axis of a parameter tensor counts; removing channels removes along it.
public enum ParameterAxis: Hashable, Sendable {
  /// The channels of the output.
  case outputChannels
  /// The channels of the input.
  case inputChannels
  /// All elements of the input, NHWC.
  case inputElements
  /// Taps of a window, or channels within a group: never removed.
  case fixed
}

/// A parameter an operator needs, with its extents.
public struct ParameterSpec: Hashable, Sendable {
  public let role: ParameterRole
  public let shape: [Int]
  /// What each axis of `shape` counts.
  public let axes: [ParameterAxis]

  init(role: ParameterRole, shape: [Int], axes: [ParameterAxis]) {
    self.role = role
    self.shape = shape
    self.axes = axes
  }

  public var count: Int { shape.reduce(1, *) }
}
