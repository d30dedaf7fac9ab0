public import SwiftletBytes
public import SwiftletModel

extension PrepareError {
  /// Writes one line for people, with the name of the node at fault where `model` is at hand.
  public func write(to text: inout ByteWriter, model: Model? = nil) {
    switch reason {
    case .graph(let reason): GraphError(reason, node: node).write(to: &text, model: model)
    case .floatModel:
      text.write(text: "this is a float model and only integers are computed here; ")
      text.write(text: "run `swiftlet quantize` or `swiftlet compress` on it first")
    case .memory(let needed, let limit):
      text.write(text: "the model needs ", needed >> 20, " MiB of memory or more to run, above the limit of ")
      text.write(text: "", limit >> 20, " MiB")
    case .unknownKernels:
      text.write(text: "SWIFTLET_KERNELS names no kernels of this CPU and build; it has ")
      text.writeKernelNames()
    }
  }
}

extension PrepareError: CustomStringConvertible {
  public var description: String { textWritten { write(to: &$0) } }
}

extension PrepareError.Reason: CustomStringConvertible {
  public var description: String { textWritten { PrepareError(self).write(to: &$0) } }
}

extension ByteWriter {
  /// "avx2, portable, reference": the kernel tables that this CPU can run.
  public mutating func writeKernelNames() {
    var isFirst = true
    for table in KernelTable.supported {
      if !isFirst { write(text: ", ") }
      write(text: table.name)
      isFirst = false
    }
  }
}
