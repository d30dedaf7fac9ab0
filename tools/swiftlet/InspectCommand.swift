import ArgumentParser
import SwiftletBytes
import SwiftletCompression
import SwiftletFormat
import SwiftletModel
import SwiftletReport
import SwiftletRuntime

struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Shows a model's layers, bytes, work and memory.")

  @Argument(help: "The model file.") var model: String
  @Flag(help: "Print JSON.") var json = false
  @OptionGroup var limitOptions: LimitOptions

  func run() throws {
    let report = try InspectReport(ModelFile(model))
    if json { try Console.printJSON(report) } else { try Console.print(report.text) }
  }
}

/// What `inspect` knows of a model, as JSON or as text.
struct InspectReport: Encodable {
  struct Layer: Encodable {
    var name, kind, output: String
    var parameters, zeros, macs: Int
    var encodings: [String]
    /// Bytes of the layer's tensors before deflation, scales included.
    var encoded_bytes: Int
    var kernel: String?
  }

  var file: String
  var quantized: Bool
  var file_bytes, float_bytes, content_bytes, parameters, macs: Int
  /// Scratch of one session at batch 1, and weights and tables in kernel layout; absent for float models.
  var arena_bytes, packed_bytes: Int?
  var kernels: String?
  var input: String
  var labels: [String]
  var provenance: String?
  var validation: String?
  var self_test: String?
  var layers: [Layer]

  init(_ source: ModelFile) throws {
    let model = source.model
    file = source.path
    quantized = model.isQuantized
    file_bytes = source.byteCount
    parameters = model.parameterCount
    float_bytes = 4 * parameters
    content_bytes = source.contents.header.contentByteCount
    macs = model.multiplyAccumulates
    input = model.inputs.map { model.values[$0].shape.description }.joined(separator: ", ")
    labels = model.metadata.labels.map { String(decoding: $0, as: UTF8.self) }
    var kernelOfNode: [Int: String] = [:]
    if quantized {
      do {
        let prepared = try PreparedModel(model, memoryLimit: LimitOptions.running)
        arena_bytes = prepared.arenaByteCount
        packed_bytes = prepared.packedByteCount
        kernels = "\(prepared.kernels.name)"
        for step in prepared.steps {
          let name = String(decoding: step.kernel, as: UTF8.self)
          for (position, node) in step.nodes.enumerated() { kernelOfNode[node] = position == 0 ? name : "fused" }
        }
      } catch { throw Failure("\(source.name): \(Failure.describe(error))") }
    }
    if let facts = model.metadata.provenance {
      let parts = [facts.tool, facts.data, facts.note].map { String(decoding: $0, as: UTF8.self) }
      provenance = parts.filter { !$0.isEmpty }.joined(separator: "; ")
      let accuracies = facts.accuracies.map {
        "\($0.subset) \((100 * Double($0.correct) / Double(max($0.total, 1))).fixed(2))% (\($0.correct)/\($0.total))"
      }
      if !accuracies.isEmpty { validation = accuracies.joined(separator: ", ") }
    }
    self_test = model.metadata.selfTest.map {
      "\($0.sampleCount) samples, hash \(String($0.outputHash, radix: 16))"
    }
    layers = model.nodes.indices.map { index in
      let node = model.nodes[index]
      let records = source.contents.tensors.filter { $0.node == index }
      return Layer(
        name: String(decoding: model.name(ofNode: index), as: UTF8.self), kind: "\(node.op.kind.name)",
        output: model.values[node.output].shape.description,
        parameters: node.parameters.reduce(0) { $0 + $1.count }, zeros: node.parameters.reduce(0) { $0 + $1.zeroCount },
        macs: model.multiplyAccumulates(of: node),
        encodings: records.map { "\($0.encoding)" + ($0.isTransposed ? " (transposed)" : "") },
        encoded_bytes: records.reduce(0) { $0 + $1.encodedByteCount + $1.scaleByteCount }, kernel: kernelOfNode[index])
    }
  }

  var text: String {
    var lines = [
      "\(inputName(file)): \(quantized ? "quantized" : "float"), input \(input), \(file_bytes.grouped) bytes"
    ]
    let header =
      ["layer", "output", "parameters", "zeros", "MACs", "encoded bytes", "encodings"] + (quantized ? ["kernel"] : [])
    let rows = layers.map { layer in
      let share = layer.parameters > 0 ? (100 * Double(layer.zeros) / Double(layer.parameters)).fixed(1) + "%" : ""
      return [
        layer.name, layer.output, layer.parameters > 0 ? layer.parameters.grouped : "", share,
        layer.macs > 0 ? layer.macs.grouped : "", layer.encoded_bytes > 0 ? layer.encoded_bytes.grouped : "",
        layer.encodings.joined(separator: ", "),
      ] + (quantized ? [layer.kernel ?? ""] : [])
    }
    lines.append(textTable([header] + rows))
    lines.append(
      "\(parameters.grouped) parameters, \(macs.grouped) MACs, \(content_bytes.grouped) bytes inflated; the file is "
        + "\(float32Ratio(parameters: parameters, fileBytes: file_bytes).fixed(1)) times smaller than the parameters as "
        + "float32 (\(float_bytes.grouped) bytes)")
    if let arena_bytes, let packed_bytes, let kernels {
      lines.append(
        "kernels \(kernels): \(arena_bytes.grouped) bytes of arena, \(packed_bytes.grouped) bytes of packed weights")
    }
    // Cleaned whole, as line breaks in names are no more wanted than other control characters.
    if !labels.isEmpty { lines.append("labels: \(printable(labels.joined(separator: ", ").utf8))") }
    if let provenance, !provenance.isEmpty { lines.append("provenance: \(printable(provenance.utf8))") }
    if let validation { lines.append("accuracy: \(validation)") }
    if let self_test { lines.append("self-test: \(self_test)") }
    return lines.joined(separator: "\n")
  }
}

extension Shape {
  var description: String { isVector ? "\(channels)" : "\(height)x\(width)x\(channels)" }
}
