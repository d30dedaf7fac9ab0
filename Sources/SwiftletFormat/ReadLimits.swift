import SwiftletBytes

/// What a reader is willing to make of one file (Format.md, Limits).
///
/// Memory and steps depend on the file's size, so that no small file takes long or much; the other caps are the
/// format's own.
public struct ReadLimits: Hashable, Sendable {
  /// The most bytes of inflated content.
  public var contentBytes: Int
  /// The most weights and biases together.
  public var parameters: Int
  /// The most elements of all values together, per sample.
  public var activations: Int
  /// The most bytes of the inflated content and of the model made of it together.
  public var memoryBytes: Int
  /// The most steps of decoding, some nanoseconds each.
  public var steps: Int

  public init(
    contentBytes: Int = 1 << 28, parameters: Int = 1 << 26, activations: Int = 1 << 26,
    memoryBytes: Int = DecodeLimit(fileOf: 0).byteCount, steps: Int = leastSteps
  ) {
    self.contentBytes = contentBytes
    self.parameters = parameters
    self.activations = activations
    self.memoryBytes = memoryBytes
    self.steps = steps
  }

  /// The defaults: they keep a file of 1 MB or less within 64 MiB and 250 ms, larger ones in proportion.
  public init(fileOf byteCount: Int) {
    let (steps, overflow) = byteCount.multipliedReportingOverflow(by: Self.stepsPerByte)
    self.init(
      memoryBytes: DecodeLimit(fileOf: byteCount).byteCount,
      steps: overflow ? .max : max(Self.leastSteps, steps))
  }

  /// Only the format's own caps hold.
  public static var lifted: ReadLimits { ReadLimits(memoryBytes: .max, steps: .max) }

  /// Every file may take so many steps.
  public static var leastSteps: Int { 1 << 25 }
  static var stepsPerByte: Int { 32 }
}

/// What is left of the limits while a file is read.
struct ReadBudget {
  let limits: ReadLimits
  private var memory, steps: Int

  init(_ limits: ReadLimits) {
    self.limits = limits
    memory = limits.memoryBytes
    steps = limits.steps
  }

  /// Whether `count * each` bytes more may be allocated; if so they count as allocated.
  mutating func takeMemory(_ count: Int, each: Int = 1) -> Bool { Self.take(count, each, from: &memory) }

  /// Whether `count * each` steps more may be taken; if so they count as taken.
  mutating func takeSteps(_ count: Int, each: Int = 1) -> Bool { Self.take(count, each, from: &steps) }

  private static func take(_ count: Int, _ each: Int, from left: inout Int) -> Bool {
    let (product, overflow) = count.multipliedReportingOverflow(by: each)
    guard !overflow, product <= left else { return false }
    left -= product
    return true
  }
}

/// What decoding costs (Format.md, Limits).
enum ReadCost {
  /// Bytes of a channel's scale and bias, and of the sums and multipliers that checking it makes.
  static var channelBytes: Int { 64 }
  /// Bytes of a node or a label without its text.
  static var nodeBytes: Int { 512 }
  static var labelBytes: Int { 64 }
  /// Steps of a decision of the coder, and decisions of a channel's scale and bias and of a byte.
  static var decision: Int { 5 }
  static var channelDecisions: Int { 64 }
  static var byteDecisions: Int { 8 }
}
