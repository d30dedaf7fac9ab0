public import SwiftletModel

/// Why a model cannot be prepared, and at which node.
public struct PrepareError: Error, Hashable, Sendable {
  public enum Reason: Hashable, Sendable {
    /// The model breaks a rule every model must keep.
    case graph(GraphError.Reason)
    /// The model computes with floating point; quantize it first.
    case floatModel
    /// The prepared model or one session's arena would take `needed` bytes or more, and may take `limit`.
    case memory(needed: Int, limit: Int)
    /// `SWIFTLET_KERNELS` names a table that this CPU or build does not have.
    case unknownKernels
  }
  public let reason: Reason
  /// The index of the node in `Model.nodes`, where the fault belongs to one.
  public let node: Int?

  public init(_ reason: Reason, node: Int? = nil) {
    self.reason = reason
    self.node = node
  }

  init(_ error: GraphError) { self.init(.graph(error.reason), node: error.node) }
}
