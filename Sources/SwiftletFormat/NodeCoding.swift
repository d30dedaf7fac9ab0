import SwiftletBytes
import SwiftletModel

/// The option bits of a node: which fields follow because they are not the default.
enum NodeOption {
  static let name: UInt64 = 1 << 0
  static let inputs: UInt64 = 1 << 1
  static let quantization: UInt64 = 1 << 2
  static let int32Output: UInt64 = 1 << 3
  static let relu: UInt64 = 1 << 4
  static let boundedReLU: UInt64 = 1 << 5
  static let stride: UInt64 = 1 << 6
  static let dilation: UInt64 = 1 << 7
  static let samePadding: UInt64 = 1 << 8
  static let explicitPadding: UInt64 = 1 << 9
  static let groups: UInt64 = 1 << 10
  static let roundsUp: UInt64 = 1 << 11
  static let rectangular: UInt64 = 1 << 12
  static let countsPadding: UInt64 = 1 << 13
  static let divisor: UInt64 = 1 << 14
  /// Both padding bits together mean SAME_LOWER.
  static let sameLower = samePadding | explicitPadding

  static let common = name | inputs | quantization | int32Output
  static let activation = relu | boundedReLU
  static let window = stride | dilation | samePadding | explicitPadding | roundsUp | rectangular

  /// The bits a node of this kind may carry.
  static func allowed(_ kind: OperatorKind) -> UInt64 {
    switch kind {
    case .conv2D: common | activation | window | groups
    case .dense, .activation, .add: common | activation
    case .pool2D(let reduction): reduction.hasDivisor ? common | window | countsPadding | divisor : common | window
    case .concat, .flatten, .reshape, .softmax, .batchNorm, .dropout: common
    }
  }
}

extension Operator {
  /// The option bits of this operator's own fields.
  var options: UInt64 {
    var bits: UInt64 =
      switch fusedActivation {
      case .none: 0
      case .relu: NodeOption.relu
      case .boundedReLU: NodeOption.boundedReLU
      }
    switch self {
    case .conv2D(let conv):
      bits |= conv.window.options(defaultStride: Size2D(1))
      if conv.groups != 1 { bits |= NodeOption.groups }
    case .pool2D(let pool):
      bits |= pool.window.options(defaultStride: pool.window.kernel)
      if pool.reduction.hasDivisor {
        if pool.countsPadding { bits |= NodeOption.countsPadding }
        if pool.divisorOverride != nil { bits |= NodeOption.divisor }
      }
    case .dense, .activation, .add, .concat, .reshape, .softmax, .batchNorm, .dropout: break
    }
    return bits
  }
}

extension SlidingWindow {
  fileprivate func options(defaultStride: Size2D) -> UInt64 {
    var bits: UInt64 =
      switch padding {
      case .valid: 0
      case .sameUpper: NodeOption.samePadding
      case .sameLower: NodeOption.sameLower
      case .explicit: NodeOption.explicitPadding
      }
    if stride != defaultStride { bits |= NodeOption.stride }
    if dilation != Size2D(1) { bits |= NodeOption.dilation }
    if roundsUp { bits |= NodeOption.roundsUp }
    if kernel.height != kernel.width { bits |= NodeOption.rectangular }
    return bits
  }
}

extension ByteWriter {
  /// The operator's fields, after its tag and options.
  mutating func writeFields(of op: Operator) {
    switch op {
    case .conv2D(let conv):
      writeCount(conv.filters)
      write(conv.window, options: op.options)
      if conv.groups != 1 { writeCount(conv.groups) }
    case .dense(let dense): writeCount(dense.units)
    case .pool2D(let pool):
      write(pool.window, options: op.options)
      if op.options & NodeOption.divisor != 0, let divisor = pool.divisorOverride { writeCount(divisor) }
    case .reshape(.to(let shape)): write(shape)
    case .batchNorm(let norm):
      write(norm.epsilon.bitPattern)
      write(norm.momentum.bitPattern)
    case .dropout(let dropout): write(dropout.rate.bitPattern)
    case .activation, .add, .concat, .reshape(.flatten), .softmax: break
    }
    if case .boundedReLU(let bound) = op.fusedActivation { write(bound) }
  }

  mutating func write(_ shape: Shape) {
    writeCount(shape.height)
    writeCount(shape.width)
    writeCount(shape.channels)
  }

  private mutating func write(_ window: SlidingWindow, options: UInt64) {
    writeCount(window.kernel.height)
    if options & NodeOption.rectangular != 0 { writeCount(window.kernel.width) }
    if options & NodeOption.stride != 0 { write(window.stride) }
    if options & NodeOption.dilation != 0 { write(window.dilation) }
    if case .explicit(let top, let left, let bottom, let right) = window.padding {
      for side in [top, left, bottom, right] { writeCount(side) }
    }
  }

  private mutating func write(_ size: Size2D) {
    writeCount(size.height)
    writeCount(size.width)
  }
}

extension FieldReader {
  /// The operator of a node whose kind and options have been read and allowed.
  mutating func op(_ kind: OperatorKind, _ options: UInt64) throws(ModelFormatError) -> Operator {
    func has(_ bit: UInt64) -> Bool { options & bit != 0 }
    let start = offset
    var op: Operator
    switch kind {
    case .conv2D:
      let filters = try count("filters", atLeast: 1, limit: Limits.extent)
      let window = try window(options, defaultStride: Size2D(1))
      let groups = has(NodeOption.groups) ? try count("groups", atLeast: 1, limit: Limits.extent) : 1
      op = .conv2D(Conv2D(filters: filters, window: window, groups: groups))
    case .dense: op = .dense(Dense(units: try count("units", atLeast: 1, limit: Limits.extent)))
    case .pool2D(let reduction):
      let window = try window(options, defaultStride: nil)
      let divisor = has(NodeOption.divisor) ? try count("divisor", atLeast: 1, limit: Limits.elements) : nil
      op = .pool2D(
        Pool2D(
          reduction, window: window, countsPadding: has(NodeOption.countsPadding), divisorOverride: divisor))
    case .activation: op = .activation(.none)
    case .add: op = .add(Add())
    case .concat: op = .concat(Concat())
    case .flatten: op = .reshape(.flatten)
    case .reshape: op = .reshape(.to(try shape("shape")))
    case .softmax: op = .softmax(Softmax())
    case .batchNorm:
      let epsilon = Float(bitPattern: try integer("epsilon", as: UInt32.self))
      op = .batchNorm(
        BatchNorm(epsilon: epsilon, momentum: Float(bitPattern: try integer("momentum", as: UInt32.self))))
    case .dropout: op = .dropout(Dropout(rate: Float(bitPattern: try integer("rate", as: UInt32.self))))
    }
    guard !has(NodeOption.relu) || !has(NodeOption.boundedReLU) else {
      throw error(.badValue, "options", at: start)
    }
    if has(NodeOption.activation) {
      let activation: Activation = has(NodeOption.relu) ? .relu : .boundedReLU(try scale("bound"))
      if case .activation = op { op = .activation(activation) } else { op = op.fusing(activation) ?? op }
    }
    return op
  }

  mutating func shape(_ field: StaticString) throws(ModelFormatError) -> Shape {
    let start = offset
    let height = try count(field, atLeast: 1, limit: Limits.extent)
    let width = try count(field, atLeast: 1, limit: Limits.extent)
    let shape = Shape(height: height, width: width, channels: try count(field, atLeast: 1, limit: Limits.extent))
    guard shape.checkedCount != nil else { throw error(.badValue, field, at: start) }
    return shape
  }

  private mutating func size(_ field: StaticString) throws(ModelFormatError) -> Size2D {
    let height = try count(field, atLeast: 1, limit: Limits.extent)
    return Size2D(height: height, width: try count(field, atLeast: 1, limit: Limits.extent))
  }

  /// `defaultStride` nil means the kernel.
  private mutating func window(_ options: UInt64, defaultStride: Size2D?) throws(ModelFormatError) -> SlidingWindow {
    var kernel = Size2D(try count("kernel", atLeast: 1, limit: Limits.extent))
    if options & NodeOption.rectangular != 0 { kernel.width = try count("kernel", atLeast: 1, limit: Limits.extent) }
    let stride = options & NodeOption.stride != 0 ? try size("stride") : defaultStride ?? kernel
    let dilation = options & NodeOption.dilation != 0 ? try size("dilation") : Size2D(1)
    let padding: Padding
    switch options & NodeOption.sameLower {
    case 0: padding = .valid
    case NodeOption.samePadding: padding = .sameUpper
    case NodeOption.sameLower: padding = .sameLower
    default:
      let top = try count("padding", limit: Limits.extent)
      let left = try count("padding", limit: Limits.extent)
      let bottom = try count("padding", limit: Limits.extent)
      padding = .explicit(top: top, left: left, bottom: bottom, right: try count("padding", limit: Limits.extent))
    }
    return SlidingWindow(
      kernel: kernel, stride: stride, dilation: dilation, padding: padding,
      roundsUp: options & NodeOption.roundsUp != 0)
  }
}
