/// A constant of a model: weights, a bias, or batch-norm statistics.
public struct Tensor: Hashable, Sendable {
  public enum Storage: Hashable, Sendable {
    case float32([Float])
    case int8([Int8])
    case int32([Int32])
  }
  /// The extents, slowest first: OHWI for filters, `[units, inputs]` for dense weights.
  public var shape: [Int]
  public var storage: Storage
  /// One scale per output channel (the first extent) of int8 weights; empty for other tensors.
  ///
  /// A bias has none: its scale is input scale * weight scale.
  public var scales: [Scale]

  public init(shape: [Int], storage: Storage, scales: [Scale] = []) {
    self.shape = shape
    self.storage = storage
    self.scales = scales
  }

  /// A float tensor of zeros.
  public init(zeros shape: [Int]) {
    self.init(shape: shape, storage: .float32(Array(repeating: 0, count: shape.reduce(1, *))))
  }

  public var count: Int {
    switch storage {
    case .float32(let values): values.count
    case .int8(let values): values.count
    case .int32(let values): values.count
    }
  }

  public var element: ElementType {
    switch storage {
    case .float32: .float32
    case .int8: .int8
    case .int32: .int32
    }
  }

  public var floats: [Float]? { if case .float32(let values) = storage { values } else { nil } }
  public var int8s: [Int8]? { if case .int8(let values) = storage { values } else { nil } }
  public var int32s: [Int32]? { if case .int32(let values) = storage { values } else { nil } }

  /// The number of elements that are zero.
  public var zeroCount: Int {
    switch storage {
    case .float32(let values): values.reduce(0) { $0 + ($1 == 0 ? 1 : 0) }
    case .int8(let values): values.reduce(0) { $0 + ($1 == 0 ? 1 : 0) }
    case .int32(let values): values.reduce(0) { $0 + ($1 == 0 ? 1 : 0) }
    }
  }
}
