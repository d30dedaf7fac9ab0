import Foundation
import Testing

/// One word has one meaning in all that is printed: tables read back and compared.
@Suite struct SwiftletReportTests {
  /// What a search printed and wrote, made once.
  private static let made = Swift.Result<(text: String, model: [UInt8], page: String), any Error>(catching: {
    let tool = try Tool()
    let text = try tool.succeed(
      ["compress", tool.goodModel(), "-o", tool.path("small.swl"), "--epochs", "16", "--max-drop", "50"]
        + ["--report", tool.path("report.html")] + Tool.data)
    return (
      text.replacing(tool.path("small.swl"), with: "small.swl"), try tool.bytes("small.swl"),
      String(decoding: try tool.bytes("report.html"), as: UTF8.self)
    )
  })

  private let tool: Tool
  private let float, small: String
  private let text, page: String

  init() throws {
    let made = try Self.made.get()
    tool = try Tool()
    (text, page) = (made.text, made.page)
    float = try tool.goodModel()
    small = try tool.folder.write(made.model, "small.swl")
  }

  /// The numbers of a text, thousands joined.
  private func numbers(_ text: some StringProtocol) -> [Double] {
    String(text).replacing(",", with: "").matches(of: /\d+(\.\d+)?/).compactMap { Double($0.output.0) }
  }

  private func line(_ text: String, _ prefix: String) throws -> Substring {
    try #require(text.split(separator: "\n").first { $0.hasPrefix(prefix) }, "\(prefix) in \(text)")
  }

  @Test func stagesOnlyGetSmaller() throws {
    let names = ["float32 weights", "channels cut", "int8 weights", "zeros left out"]
    let bytes = try names.map { name in
      try #require(numbers(try line(text, name).dropFirst(name.count)).first)
    }
    #expect(bytes == bytes.sorted(by: >) && Set(bytes).count > 2, "\(bytes)")
    #expect(bytes[0] == 4 * 1490)
    #expect(try numbers(line(text, "file ")).first == Double(tool.bytes("small.swl").count))
    // The page has the same stages.
    for (name, count) in zip(names, bytes) {
      let row = try #require(page.split(separator: "\n").first { $0.contains("<td>\(name)</td>") })
      #expect(numbers(row.dropFirst("<tr><td></td><td>".count + name.count)).first == count, "\(row)")
    }
  }

  @Test func aRatioToFloat32IsTheSameEverywhere() throws {
    let fileBytes = Double(try tool.bytes("small.swl").count)
    let inspected = try tool.json(["inspect", small])
    let own = try Double(#require(inspected["float_bytes"] as? Int)) / fileBytes
    func isNear(_ value: Double?, _ ratio: Double) -> Bool { abs((value ?? 0) - ratio) <= 0.051 }

    let last = try line(text, "small.swl: ")
    let ratios = try #require(
      last.wholeMatch(
        of: /.*bytes; (.*) times smaller than the float model's weights as float32, (.*) times smaller than its own/))
    #expect(isNear(Double(ratios.1), 4 * 1490 / fileBytes) && isNear(Double(ratios.2), own), "\(last)")
    let layers = try tool.succeed(["inspect", small])
    let totals = try #require(layers.firstMatch(of: /the file is (.*) times smaller than the parameters as float32/))
    #expect(isNear(Double(totals.1), own), "\(layers)")
    let summary = try tool.succeed(["eval", float, small, "--summary"] + Tool.data)
    let header = try line(summary, "model").split(separator: #/ {2,}/#)
    let row = try line(summary, small).split(separator: #/ {2,}/#)
    let column = try #require(header.firstIndex(of: "float32 ratio"))
    #expect(isNear(Double(row[column]), own) && numbers(row[2]) == [fileBytes], "\(summary)")
  }

  @Test func multiplyAccumulatesThatResultsNeedAreCalledUseful() throws {
    let int8 = try tool.integerModel()
    let bench = try tool.succeed(["bench", int8, "--batch", "1", "--kernels", "portable"])
    #expect(bench.contains("useful MACs") && bench.contains("bytes moved"))
    let inspect = try tool.succeed(["inspect", int8])
    #expect(inspect.contains(" MACs ") && !inspect.contains("useful") && inspect.contains("encoded bytes"))
  }
}
