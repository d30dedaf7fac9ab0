/// A height and a width, in pixels.
public struct Size2D: Hashable, Sendable {
  public var height, width: Int

  public init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }

  /// The same extent along both axes.
  public init(_ side: Int) { self.init(height: side, width: side) }
}

/// The extents of one sample, channels last; a vector is 1 x 1 x channels.
///
/// The batch is not part of a shape: every operator maps samples one by one.
public struct Shape: Hashable, Sendable {
  public var height, width, channels: Int

  public init(height: Int, width: Int, channels: Int) {
    self.height = height
    self.width = width
    self.channels = channels
  }

  /// A vector of `count` channels.
  public init(vector count: Int) { self.init(height: 1, width: 1, channels: count) }

  /// The number of elements of one sample.
  ///
  /// A shape inside a validated model never overflows; `checkedCount` serves before that.
  @inlinable public var count: Int { height * width * channels }

  @inlinable public var isVector: Bool { height == 1 && width == 1 }

  /// The number of elements, or nil where an extent is below 1 or the product passes `Limits.elements`.
  public var checkedCount: Int? {
    guard height >= 1, width >= 1, channels >= 1 else { return nil }
    guard height <= Limits.extent, width <= Limits.extent, channels <= Limits.extent else { return nil }
    let (area, areaOverflow) = height.multipliedReportingOverflow(by: width)
    let (total, overflow) = area.multipliedReportingOverflow(by: channels)
    guard !areaOverflow, !overflow, total <= Limits.elements else { return nil }
    return total
  }
}

/// Caps on what a model may declare; whatever reads untrusted bytes holds to them before allocating.
public enum Limits {
  /// The largest extent along one axis.
  public static var extent: Int { 1 << 24 }
  /// The most elements in one value or one tensor.
  public static var elements: Int { 1 << 28 }
  /// The most weights and biases of one model together.
  public static var parameters: Int { 1 << 28 }
  /// The most elements of all values of one model together, per sample.
  public static var activations: Int { 1 << 28 }
  /// The most nodes, and the most values, in one graph.
  public static var nodes: Int { 4096 }
  /// The most inputs of one node, and the most inputs or outputs of a graph.
  public static var connections: Int { 64 }
  /// The most bytes in a name or a label.
  public static var nameBytes: Int { 255 }
}
