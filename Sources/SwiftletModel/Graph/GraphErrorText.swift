public import SwiftletBytes

extension GraphError {
  /// Writes which node is at fault and why: "node 3 (dense_3): the shapes differ: 1 x 1 x 4 and 1 x 1 x 5".
  ///
  /// The node's name is told where its `model` is at hand.
  public func write(to text: inout ByteWriter, model: Model? = nil) {
    if let node {
      text.write(text: "node ", node, "")
      if let model, model.nodes.indices.contains(node) {
        text.write(text: " (")
        text.write(printable: model.name(ofNode: node))
        text.write(text: ")")
      }
      text.write(text: ": ")
    }
    reason.write(to: &text)
  }
}

extension GraphError.Reason {
  public func write(to text: inout ByteWriter) {
    switch self {
    case .shape(let error): error.write(to: &text)
    case .valueNotReady(let value):
      text.write(text: "it reads value ", value, ", which no earlier node makes; nodes must be in topological order")
    case .valueMadeTwice(let value): text.write(text: "value ", value, " is made twice")
    case .valueNeverMade(let value): text.write(text: "value ", value, " is neither an input nor made by a node")
    case .declaredShape(let declared, let inferred):
      text.write(text: "the declared shape ")
      text.write(shape: declared)
      text.write(text: " is not the operator's, ")
      text.write(shape: inferred)
    case .parameterShape(let index):
      text.write(text: "parameter ", index, " is missing, superfluous or of the wrong shape")
    case .parameterElement(let index):
      text.write(text: "parameter ", index, " has the wrong element type for a float, or an int8, model")
    case .parameterValue(let index, let element):
      text.write(text: "parameter ", index, ", element ")
      text.write(text: "", element, ", is NaN, infinite, -128 or a negative variance")
    case .parameterScales(let index):
      text.write(text: "parameter ", index, " needs one scale for each output channel")
    case .quantization(let value):
      text.write(text: "value ", value, " has an element type or quantization that does not fit its place")
    case .floatOnly: text.write(text: "the operator exists in float models only; quantization folds or drops it")
    case .accumulatorOverflow(let channel):
      text.write(text: "the sum of output channel ", channel, " could pass 32 bits; its weight scale must be larger")
    case .multiplierRange(let channel):
      text.write(text: "the scales of output channel ", channel, " are too far apart for a 31-bit multiplier")
    case .noNodes:
      text.write(text: "no layer is left to compute anything (dropout and softmax do not stay); add one, such as dense")
    case .overLimit: text.write(text: "more nodes, values or elements than the limits allow")
    case .tooMany(let what, let count, let limit):
      text.write(text: "the model would have ")
      if count == .max { text.write(text: "more than 2^63") } else { text.writeDecimal(count) }
      text.write(text: what.name)
      text.write(text: ", more than the limit of ", limit, what.remedy)
    case .endpoints: text.write(text: "the inputs or outputs are missing, named twice or do not exist")
    }
  }
}

extension GraphError: CustomStringConvertible {
  public var description: String { textWritten { write(to: &$0) } }
}

extension GraphError.Reason: CustomStringConvertible {
  public var description: String { textWritten { write(to: &$0) } }
}

extension Shape {
  /// "28 x 28 x 1": height, width, channels.
  public var text: String { textWritten { $0.write(shape: self) } }
}

extension ByteWriter {
  /// "28 x 28 x 1": height, width, channels.
  public mutating func write(shape: Shape) {
    write(text: "", shape.height, " x ")
    write(text: "", shape.width, " x ")
    writeDecimal(shape.channels)
  }
}

extension ModelCount {
  fileprivate var name: StaticString {
    switch self {
    case .nodes: " layers"
    case .parameters: " weights and biases up to here"
    case .activations: " elements of activations up to here"
    }
  }

  fileprivate var remedy: StaticString {
    switch self {
    case .nodes: "; use fewer layers"
    case .parameters: "; use fewer filters or units, or pool before"
    case .activations: "; use fewer filters, a stride, or pool before"
    }
  }
}
