public import SwiftletBytes

extension ShapeError {
  /// Writes what does not fit and how to mend it, in the words of architecture files.
  public func write(to text: inout ByteWriter) {
    switch self {
    case .badShape(let shape):
      text.write(text: "the shape ")
      text.write(shape: shape)
      if min(shape.height, shape.width, shape.channels) < 1 {
        text.write(text: " is empty; height, width and channels must be at least 1")
      } else {
        text.write(text: " is too large; a value holds at most ", Limits.elements, " elements")
      }
    case .badWindow(let window): text.write(faultOf: window)
    case .windowLargerThanInput(let kernel, let input):
      text.write(text: "the kernel spans ", kernel, " cells but the padded input has ")
      text.write(text: "", input, "; use a smaller kernel or dilation, or more padding")
    case .windowInPadding:
      text.write(text: "a pooling window would lie wholly in the padding; use less padding or a larger kernel")
    case .groupsDoNotDivide(let groups, let channels, let filters):
      let (fitsInput, fitsFilters) = (channels % groups == 0, filters % groups == 0)
      text.write(text: "", groups, fitsInput || fitsFilters ? " groups do not divide " : " groups divide neither ")
      if !fitsInput { text.write(text: "the ", channels, fitsFilters ? " channels of the input" : " channels nor ") }
      if !fitsFilters { text.write(text: "the ", filters, " filters") }
      text.write(text: ": make both channels (now ", channels, ") and filters (now ")
      text.write(text: "", filters, ") multiples of ")
      text.writeDecimal(groups)
    case .inputCount(let expected, let actual):
      text.write(text: "the operator takes ", expected, expected == 1 ? " input, not " : " inputs, not ")
      text.writeDecimal(actual)
      if actual > expected { text.write(text: "; join several values by a chain of add, or by concat, first") }
      if actual < expected { text.write(text: "; name as many layers in 'inputs'") }
    case .shapesDiffer(let first, let second):
      text.write(text: "the inputs have the shapes ")
      text.write(shape: first)
      text.write(text: " and ")
      text.write(shape: second)
      text.write(text: "; add needs equal shapes, concat equal height and width")
    case .elementCountDiffers(let from, let to):
      text.write(text: "the input has ", from, " elements and the new shape ")
      text.write(text: "", to, "; a reshape keeps their number")
    case .badSetting(let setting, let value):
      text.write(text: setting.name)
      text.write(text: " is ")
      text.write(real: value)
      text.write(text: "; it must be ")
      text.write(text: setting.range)
    }
  }
}

extension ShapeError: CustomStringConvertible {
  public var description: String { textWritten { write(to: &$0) } }
}

extension OperatorSetting {
  fileprivate var name: StaticString {
    switch self {
    case .filters: "'filters'"
    case .groups: "'groups'"
    case .units: "'units'"
    case .divisor: "the divisor of the average"
    case .dropoutRate: "the dropout rate"
    case .epsilon: "epsilon"
    case .momentum: "the momentum"
    }
  }

  fileprivate var range: StaticString {
    switch self {
    case .filters, .groups, .units: "from 1 to 16777216"
    case .divisor: "from 1 to 268435456"
    case .dropoutRate: "at least 0 and below 1"
    case .epsilon: "above 0"
    case .momentum: "from 0 to 1"
    }
  }
}

extension ByteWriter {
  /// Which setting of a window is out of range.
  fileprivate mutating func write(faultOf window: SlidingWindow) {
    let settings: [(StaticString, Size2D)] = [
      ("the kernel", window.kernel), ("the stride", window.stride), ("the dilation", window.dilation),
    ]
    for (name, size) in settings where !isExtent(size.height) || !isExtent(size.width) {
      write(text: name)
      write(text: " is ", size.height, " x ")
      write(text: "", size.width, "; both must be from 1 to ")
      return writeDecimal(Limits.extent)
    }
    write(text: "the padding must be from 0 to ", Limits.extent, " cells on each side")
  }

  private func isExtent(_ value: Int) -> Bool { value >= 1 && value <= Limits.extent }

  /// A real number with up to six decimals, "1e-09" and the like as "below 0.000001".
  fileprivate mutating func write(real value: Double) {
    guard value.isFinite else { return write(text: value.isNaN ? "not a number" : "infinite") }
    guard value.magnitude < 1e12 else { return write(text: value < 0 ? "below -1e12" : "above 1e12") }
    var millionths = Int(value * 1e6 + (value < 0 ? -0.5 : 0.5))
    if millionths == 0, value != 0 {
      return write(text: value < 0 ? "above -0.000001, below 0" : "above 0, below 0.000001")
    }
    var digits = 6
    while digits > 0, millionths % 10 == 0 {
      millionths /= 10
      digits -= 1
    }
    writeFixed(millionths, digits: digits)
  }
}
