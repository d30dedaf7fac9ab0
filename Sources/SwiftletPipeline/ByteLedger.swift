import SwiftletCompression
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
  /// Four bytes for each of those weights that is not 0 in the end, and each bias.
  public var prunedBytes: Int
  /// Int8 weights and int32 biases of the quantized model, zeros included, unencoded.
  public var integerBytes: Int
  /// The file.
  public var fileBytes: Int
  /// Bytes of the file's content that are no tensors, before deflation.
  public var graphBytes, metadataBytes: Int
  public var tensors: [Entry]

  /// Float bytes of the file's bytes.
  public var ratio: Double { Double(floatBytes) / Double(fileBytes) }

  /// - Parameters:
  ///   - quantized: What `file` holds.
  init(float: Model, quantized: Model, file: WrittenModel) {
    floatBytes = 4 * float.parameterCount
    narrowBytes = 4 * quantized.parameterCount
    prunedBytes =
      4
      * quantized.nodes.reduce(0) { total, node in
        node.parameters.enumerated().reduce(total) { sum, parameter in
          sum + parameter.element.count - (parameter.offset == 0 ? parameter.element.zeroCount : 0)
        }
      }
    fileBytes = file.bytes.count
    graphBytes = file.graphByteCount
    metadataBytes = file.metadataByteCount
    integerBytes = 0
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
    }
  }
}
