/// A two-dimensional convolution (cross-correlation, as in every framework) with bias and activation.
///
/// Parameters: weights OHWI `[filters, kernel height, kernel width, input channels / groups]`, bias `[filters]`.
/// A depthwise convolution is the case `groups == input channels`.
public struct Conv2D: Hashable, Sendable {
  public var filters: Int
  public var window: SlidingWindow
  public var groups: Int
  public var activation: Activation

  public init(filters: Int, window: SlidingWindow, groups: Int = 1, activation: Activation = .none) {
    self.filters = filters
    self.window = window
    self.groups = groups
    self.activation = activation
  }

  /// A depthwise convolution over `channels` channels with `multiplier` filters for each.
  public static func depthwise(
    channels: Int, multiplier: Int = 1, window: SlidingWindow, activation: Activation = .none
  ) -> Conv2D {
    Conv2D(filters: channels * multiplier, window: window, groups: channels, activation: activation)
  }

  public func isDepthwise(on input: Shape) -> Bool { groups > 1 && groups == input.channels }

  /// Fits the window to `input`.
  public func plan(for input: Shape) throws(ShapeError) -> WindowPlan {
    guard (1...Limits.extent).contains(filters) else { throw .badSetting(.filters, value: Double(filters)) }
    guard (1...Limits.extent).contains(groups) else { throw .badSetting(.groups, value: Double(groups)) }
    guard input.channels % groups == 0, filters % groups == 0 else {
      throw .groupsDoNotDivide(groups: groups, inputChannels: input.channels, filters: filters)
    }
    return try WindowPlan(window, input: input, channels: filters)
  }
}

extension Conv2D {
  public func traits(on input: Shape) -> OperatorTraits {
    let touchesPadding = (try? plan(for: input)).map { !$0.isInsideInput } ?? true
    return OperatorTraits(
      channels: isOneFromOne(on: input) ? .makesOneFromOne : groups > 1 ? .makesInGroups : .makes,
      affine: touchesPadding ? .absorbsGainsInChannels : .absorbsInChannels, isHomogeneous: groups == 1,
      groups: groups)
  }

  /// Depthwise with one filter for each channel.
  private func isOneFromOne(on input: Shape) -> Bool { isDepthwise(on: input) && filters == input.channels }

  func parameterSpecs(for input: Shape) -> [ParameterSpec] {
    let kernel = window.kernel
    return [
      ParameterSpec(
        role: .weights, shape: [filters, kernel.height, kernel.width, input.channels / groups],
        axes: groups == 1 ? .inputChannelsLast : .fixedAfterOutputChannels),
      ParameterSpec(role: .bias, shape: [filters], axes: .outputChannels),
    ]
  }

  func making(channels count: Int, on input: Shape) -> Conv2D {
    Conv2D(
      filters: count, window: window, groups: isOneFromOne(on: input) ? count : groups, activation: activation)
  }
}
