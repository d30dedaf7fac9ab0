import Foundation
import SwiftletBenchmark
import SwiftletModel
import SwiftletReport
import SwiftletRuntime
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// What `bench` measures and how it tells it.
@Suite struct BenchmarkTests {
  /// As short as it gets: these tests are about what is reported, not about speed.
  static let short = MeasuringTime(warmUpSeconds: 0, seconds: 0.001, leastCalls: 4, rounds: 2)

  /// Two u8 inputs, and two outputs of which one is u8 and the other s32.
  private func model() throws -> Model {
    var layer = try LayerShape.all[0].model()
    let input = layer.values[0]
    let scale = layer.values[1].quantization
    layer.values.append(input)
    layer.inputs.append(2)
    let shape = layer.values[1].shape
    // A second branch, and the sum of both.
    layer.values.append(Value(shape: shape, element: .uint8, quantization: scale))
    layer.nodes.append(Node(op: layer.nodes[0].op, inputs: [2], output: 3, parameters: layer.nodes[0].parameters))
    layer.values.append(Value(shape: shape, element: .uint8, quantization: scale))
    layer.nodes.append(Node(name: Array("<b>&\"".utf8), op: .add(Add()), inputs: [1, 3], output: 4))
    let units = 5
    layer.values.append(
      Value(shape: Shape(vector: units), element: .int32, quantization: Quantization(scale: .one, zeroPoint: 0)))
    layer.nodes.append(
      Node(
        op: .dense(Dense(units: units)), inputs: [4], output: 5,
        parameters: [
          Tensor(
            shape: [units, shape.count], storage: .int8([Int8](repeating: 1, count: units * shape.count)),
            scales: [Scale](repeating: .one, count: units)),
          Tensor(shape: [units], storage: .int32([Int32](repeating: 0, count: units))),
        ]))
    layer.outputs = [4, 5]
    try layer.validate()
    return layer
  }

  private func report(title: String = "m.swl") throws -> BenchmarkReport {
    try BenchmarkReport.measured(
      try model(), title: title, options: BenchmarkOptions(batches: [1, 3], threads: [1, 2], time: Self.short))
  }

  @Test func anyInputsAndOutputsAreMeasured() throws {
    let report = try report()
    #expect(report.rows.map { [$0.batch, $0.threads] } == [[1, 1], [1, 2], [3, 1], [3, 2]])
    for row in report.rows {
      #expect(row.timing.minMicroseconds > 0 && row.timing.minMicroseconds <= row.timing.medianMicroseconds)
      #expect(row.timing.medianMicroseconds <= row.timing.p99Microseconds && row.timing.callCount >= 4)
      #expect(row.layers.count == 4 && row.float == nil)
      #expect(abs(row.layers.reduce(0) { $0 + $1.timeShare } - 1) < 1e-9)
      #expect(row.layers[0].usefulMultiplyAccumulates == row.batch * 94 * 94 * 16 * 3)
      #expect(row.layers[0].multiplyAccumulates == row.batch * 32 * 32 * 16 * 27)
      let addition = row.layers[2]
      #expect(addition.usefulMultiplyAccumulates == 0 && addition.peakShare == 0)
      #expect(addition.byteCount == row.batch * 3 * 32 * 32 * 16, "two inputs and an output, no weights")
    }
    #expect(report.speedUp(report.rows[0]) == 1)
  }

  @Test func everyKernelPathLeavesTheSameBytes() throws {
    let model = try model()
    let expected = RepeatedCall(try PreparedModel(model, maxBatch: 3, kernels: .reference), batch: 3)
    expected.run()
    #expect(expected.outputBytes.count == 3 * (32 * 32 * 16 + 4 * 5))
    for table in KernelTable.supported {
      let call = RepeatedCall(try PreparedModel(model, maxBatch: 3, kernels: table), batch: 3, threads: 2)
      call.run()
      #expect(call.outputBytes == expected.outputBytes, "\(table.name)")
    }
  }

  @Test func floatModelsMustTakeTheSameInput() throws {
    let integer = try LayerShape.all[0].model()
    var builder = ModelBuilder(input: integer.values[0].shape)
    try builder.add(.dense(Dense(units: 3)))
    let float = try builder.build()
    try BenchmarkReport.check(float: float, against: integer)
    #expect(throws: BenchmarkError.floatIsQuantized) { try BenchmarkReport.check(float: integer, against: integer) }
    var other = ModelBuilder(input: Shape(vector: 4))
    try other.add(.dense(Dense(units: 3)))
    let otherModel = try other.build()
    #expect(throws: BenchmarkError.inputsDiffer) { try BenchmarkReport.check(float: otherModel, against: integer) }

    let options = BenchmarkOptions(batches: [2], threads: [1], float: float, time: Self.short)
    let report = try BenchmarkReport.measured(integer, title: "m", options: options)
    #expect(try #require(report.rows[0].float).minMicroseconds > 0)
    #expect(report.html().contains("x faster"))
  }

  /// The page parses as XML and a name from a file puts no markup into it.
  @Test func thePageIsWellFormedWhateverNamesSay() throws {
    let page = try report(title: "<script>alert('&')</script>\"").html()
    #expect(!page.contains("<script") && !page.contains("<b>"))
    #expect(page.contains("&lt;b&gt;&amp;&quot;"), "the layer's name is shown as it is")
    let parser = XMLParser(data: Data(page.utf8))
    let counter = ElementCounter()
    parser.delegate = counter
    #expect(parser.parse(), "\(String(describing: parser.parserError)) at line \(parser.lineNumber)")
    // A roofline for each batch size, a point for each layer with weights, tables of calls and of layers.
    #expect(counter.counts["svg"] == 2 && counter.counts["circle"] == 2 * 3 && counter.counts["table"] == 3)
    #expect(!page.contains("http") && !page.contains("src="), "nothing is fetched")
    #expect(!page.contains("nan") && !page.contains("inf\""))
  }

  private final class ElementCounter: NSObject, XMLParserDelegate {
    var counts: [String: Int] = [:]

    func parser(
      _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
      attributes: [String: String]
    ) { counts[name, default: 0] += 1 }
  }

  @Test func recordsKeepTheKeysThatScriptsRead() throws {
    let report = try report()
    func object(_ value: some Encodable) throws -> [String: Any] {
      try #require(JSONSerialization.jsonObject(with: JSONEncoder().encode(value)) as? [String: Any])
    }
    let record = try object(BenchmarkRecord(report.rows[2], of: report))
    #expect(
      Set(record.keys) == [
        "model", "kernels", "batch", "threads", "calls", "median_us", "min_us", "p99_us", "images_per_second",
        "speed_up", "peak_share",
      ])
    #expect(record["batch"] as? Int == 3 && record["threads"] as? Int == 1)
    // Scripts that keep the least of each key would trip over anything nested.
    #expect(record.values.allSatisfy { $0 is String || $0 is NSNumber })
    let details = try object(BenchmarkDetails(report.rows[2], of: report))
    #expect(Set(details.keys) == ["model", "kernels", "batch", "threads", "limits", "layers"])
    let layers = try #require(details["layers"] as? [[String: Any]])
    for layer in layers {
      #expect(
        Set(layer.keys).subtracting(["reason"]) == [
          "name", "kernel", "output", "us", "share", "macs", "useful_macs", "zero_weights", "bytes", "peak_share",
          "memory_share", "memory_level", "limit",
        ])
    }
    let limits = try #require(details["limits"] as? [String: Any])
    #expect(Set(limits.keys) == ["cpu", "kernels", "peak_gmac_s", "memory"])
  }
}
