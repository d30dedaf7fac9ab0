import SwiftletModel

/// What a compressed file holds besides the network: parts that people read, which are a good share of a small file.
public struct StoredMetadata: Hashable, Sendable, Codable {
  /// Class labels, and names of layers. Without names a layer is called by its kind and number.
  public var labels, names: Bool
  /// Tool, data, split, command and validation accuracy.
  public var provenance: Bool
  public var selfTest: Bool
  /// For the provenance, text.
  public var tool, note: String

  /// All but names, which are the most bytes: about 30 of a network of four layers, several hundred of a deep one.
  public init(
    labels: Bool = true, names: Bool = false, provenance: Bool = true, selfTest: Bool = true, tool: String = "",
    note: String = ""
  ) {
    self.labels = labels
    self.names = names
    self.provenance = provenance
    self.selfTest = selfTest
    self.tool = tool
    self.note = note
  }

  /// A quantized model with what is to be stored and nothing else.
  ///
  /// - Parameters:
  ///   - source: The float model it was made of, whose data and split are handed on.
  ///   - accuracies: What is recorded of its score.
  func applied(to model: Model, source: Model, accuracies: [Provenance.Accuracy]) -> Model {
    var result = model
    if !labels { result.metadata.labels = [] }
    if !names { for index in result.nodes.indices { result.nodes[index].name = [] } }
    if !selfTest { result.metadata.selfTest = nil }
    result.metadata.provenance = nil
    if provenance {
      result.metadata.provenance = Provenance(
        tool: Array(tool.utf8), data: source.metadata.provenance?.data ?? [], note: Array(note.utf8),
        split: source.metadata.provenance?.split, accuracies: accuracies)
    }
    return result
  }
}
