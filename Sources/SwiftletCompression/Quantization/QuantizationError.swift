import SwiftletBytes
import SwiftletModel
import SwiftletRuntime

/// Why a model cannot be quantized, and at which node.
public struct QuantizationError: Error, Hashable, Sendable {
  public enum Reason: Hashable, Sendable {
    case alreadyQuantized
    case graph(GraphError.Reason)
    /// A weight, bias or statistic is NaN or infinite.
    case nonFiniteParameter
    /// A calibration image made this node give NaN or infinity.
    case nonFiniteActivation
    /// A softmax that is not the last node.
    case softmaxInside
    /// Nothing reads what this node computes.
    case unread
    /// The normalization has another number of channels than the input, or a deviation that is no positive number.
    case normalizationMalformed
    /// Images of another size than the model's input.
    case imageShape(expected: Shape, actual: Shape)
    case noCalibrationImages
    /// The calibration is of another model: it has no range for a value.
    case calibrationMismatch
    /// The range of activations, or a scale, lies outside what scales can express.
    case scaleRange
    /// The runtime refuses the quantized model, or `SWIFTLET_KERNELS` names no kernels of this CPU.
    case notRunnable(PrepareError.Reason)
    /// More than one input, or another kind of model than images need.
    case inputs
    /// An operator that no integer program has.
    case notTrainableAsIntegers
  }
  public let reason: Reason
  /// The node's name, where the fault belongs to one.
  public let node: String?

  public init(_ reason: Reason, node: String? = nil) {
    self.reason = reason
    self.node = node
  }
}

extension QuantizationError: CustomStringConvertible {
  /// One line: the node, what is wrong, and how to mend it where that is not plain.
  public var description: String {
    node.map { "node \(printable(Array($0.utf8))): \(text)" } ?? text
  }

  private var text: String {
    switch reason {
    case .alreadyQuantized: "the model is quantized already; start from its float model"
    case .graph(.noNodes): "\(GraphError.Reason.noNodes)"
    case .graph(.multiplierRange):
      "the values that come in and those that go out differ too much in size for integers, by a factor of about 2^30; "
        + "use a bound nearer to the values here, or a smaller window or divisor"
    case .graph(let reason): "the quantized model breaks a rule: \(reason)"
    case .nonFiniteParameter: "a parameter is NaN or infinite; train again, with a lower learning rate if it diverged"
    case .nonFiniteActivation: "a calibration image gives NaN or infinity here; the model diverged in training"
    case .softmaxInside:
      "integers have no softmax inside a network, only as its last layer, where it is dropped; remove it, or use a relu "
        + "in its place"
    case .unread: "nothing reads its output; name it in the 'inputs' of a later layer, or remove it"
    case .normalizationMalformed: "the input's normalization does not fit the input's channels"
    case .imageShape(let expected, let actual): "the model takes images of \(expected.text), these are \(actual.text)"
    case .noCalibrationImages: "calibration needs at least one image"
    case .calibrationMismatch: "the calibration belongs to another model or was made with other options"
    case .scaleRange: "the values here are too large or too small for any scale; use a bound between 2^-54 and 2^63"
    case .notRunnable(.unknownKernels): "SWIFTLET_KERNELS names kernels that this CPU does not have"
    case .notRunnable(.memory): "the quantized model would take more memory than the runtime's limit"
    case .notRunnable(let reason): "the runtime refuses the quantized model: \(reason)"
    case .notTrainableAsIntegers:
      "quantization-aware training has no integer form of this operator; fold or remove it first"
    case .inputs: "only models with one input can be quantized"
    }
  }
}
