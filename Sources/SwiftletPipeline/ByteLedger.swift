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
  /// Four bytes for each nonzero weight and each bias of the pruned float model.
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

  init(float: Model, pruned: Model, quantized: Model, file: WrittenModel) {
    floatBytes = 4 * float.parameterCount
    prunedBytes =
      4
      * pruned.nodes.reduce(0) { total, node in
        total
          + node.parameters.enumerated().reduce(0) {
            $0 + $1.element.count - ($1.offset == 0 ? $1.element.zeroCount : 0)
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
