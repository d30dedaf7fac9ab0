import SwiftletFormat
import SwiftletModel

/// Where a model's bytes went on the way from float to file.
public struct ByteLedger: Hashable, Sendable, Codable {
  /// One tensor of the packed file.
  public struct Entry: Hashable, Sendable, Codable {
    public var layer, parameter, encoding: String
    public var elementCount, nonzeroCount: Int
    /// At four bytes an element; as int8 weights and int32 biases, unencoded; encoded, scales included; deflated alone.
    public var floatBytes, integerBytes, encodedBytes, deflatedBytes: Int
  }

  /// Four bytes for each weight and bias of the float model.
  public var floatBytes: Int
  /// Four bytes for each weight and bias that is left after channels were cut.
  public var narrowBytes: Int
  /// Int8 weights and int32 biases of the quantized model, zeros included, unencoded.
  public var integerBytes: Int
  /// The same without the weights that are 0.
  public var prunedBytes: Int
  /// The file.
  public var fileBytes: Int
  /// Bytes of the file's content that are no tensors, before deflation.
  public var graphBytes, metadataBytes: Int
  public var tensors: [Entry]

  /// How many times the float model's weights, four bytes each, are larger than the file.
  public var ratio: Double { Double(floatBytes) / Double(fileBytes) }

  /// What was done in which order and the bytes after it, for people: each stage takes those before it for granted.
  public var stages: [(name: String, byteCount: Int)] {
    [
      ("float32 weights", floatBytes), ("channels cut", narrowBytes), ("int8 weights", integerBytes),
      ("zeros left out", prunedBytes), ("file", fileBytes),
    ]
  }

  /// - Parameters:
  ///   - quantized: What `file` holds.
  package init(float: Model, quantized: Model, file: WrittenModel) {
    floatBytes = 4 * float.parameterCount
    narrowBytes = 4 * quantized.parameterCount
    fileBytes = file.bytes.count
    graphBytes = file.graphByteCount
    metadataBytes = file.metadataByteCount
    integerBytes = 0
    prunedBytes = 0
    tensors = []
    for record in file.tensors {
      let tensor = quantized.nodes[record.node].parameters[record.parameter]
      tensors.append(
        Entry(
          layer: quantized.text(ofNode: record.node), parameter: record.parameter == 0 ? "weights" : "bias",
          encoding: "\(record.encoding)", elementCount: tensor.count, nonzeroCount: tensor.count - tensor.zeroCount,
          floatBytes: 4 * tensor.count, integerBytes: record.rawByteCount,
          encodedBytes: record.encodedByteCount + record.scaleByteCount, deflatedBytes: record.deflatedByteCount))
      integerBytes += record.rawByteCount
      prunedBytes += record.rawByteCount - (record.parameter == 0 ? tensor.zeroCount : 0)
    }
  }
}

/// How many times a model's parameters, as float32, are larger than its file: what every "ratio to float32" means.
public func float32Ratio(parameters: Int, fileBytes: Int) -> Double {
  Double(4 * parameters) / Double(max(fileBytes, 1))
}
