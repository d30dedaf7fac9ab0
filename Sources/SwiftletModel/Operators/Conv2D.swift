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
