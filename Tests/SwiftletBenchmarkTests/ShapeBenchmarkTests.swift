import SwiftletBenchmark
import SwiftletModel
import SwiftletRuntime
import Testing

/// The layer shapes and their stored ratios; speed itself is never tested.
@Suite struct ShapeBenchmarkTests {
  @Test func thereAreFortyShapesOfDistinctNames() {
    #expect(LayerShape.all.count >= 40)
    #expect(Set(LayerShape.all.map(\.name)).count == LayerShape.all.count)
  }

  /// Shapes below this many multiply-accumulates also meet the plain Swift kernels.
  private static let small = 1_000_000

  @Test(arguments: LayerShape.all.map(\.name))
  func everyShapeRunsWithTheSameBytesOnEveryTable(_ name: String) throws {
    let shape = try #require(LayerShape.all.first { $0.name == name })
    let model = try shape.model()
    #expect(try shape.model() == model, "the weights are the same each time")
    let expected = RepeatedCall(try PreparedModel(model, kernels: .portable), batch: 1)
    expected.run()
    let bytes = expected.outputBytes
    #expect(Set(bytes).count > min(5, bytes.count / 3), "outputs are spread, not clamped to one value")
    for table in KernelTable.supported where !table.isReference || model.multiplyAccumulates < Self.small {
      let call = RepeatedCall(try PreparedModel(model, kernels: table), batch: 1)
      call.run()
      #expect(call.outputBytes == bytes, "\(table.name)")
    }
  }

  private func measured() throws -> ShapeBenchmark {
    let shapes = LayerShape.all.filter { $0.name.contains("dense 128") }
    return try ShapeBenchmark.measured(shapes, kernels: .portable, time: BenchmarkTests.short)
  }

  @Test func storedRatiosComeBackAndTellRegressions() throws {
    var result = try measured()
    let names = result.shapes.map(\.name)
    #expect(names.count == 3 && result.medianPeakShare == nil, "all are below 1 M multiply-accumulates")
    for index in result.shapes.indices {
      result.shapes[index].portableMicroseconds = 12
      result.shapes[index].microseconds = 4
    }
    var baseline = ShapeBaseline(entries: [.init(cpu: "another", kernels: "portable", ratios: ["x": 2])])
    #expect(throws: ShapeBaselineError.noEntry(cpu: result.limits.cpu, kernels: "portable")) {
      try baseline.regressions(of: result, margin: 0.2)
    }
    baseline.store(result)
    baseline.store(result)
    #expect(baseline.entries.count == 2, "an entry replaces its like and leaves the others")
    baseline = try ShapeBaseline(json: baseline.json)
    #expect(try baseline.regressions(of: result, margin: 0.01).isEmpty)

    // 3x stored: 2.4x is a loss of 20%, not more.
    result.shapes[1].microseconds = 12 / 2.41
    #expect(try baseline.regressions(of: result, margin: 0.2).isEmpty)
    result.shapes[1].microseconds = 12 / 2.39
    let found = try baseline.regressions(of: result, margin: 0.2)
    #expect(found.map(\.name) == [names[1]] && found[0].stored == 3 && abs(found[0].measured - 2.39) < 1e-9)

    result.shapes.removeLast()
    #expect(throws: ShapeBaselineError.shapesDiffer) { try baseline.regressions(of: result, margin: 0.2) }
  }

  @Test func combiningKeepsTheFastestCalls() throws {
    let first = try measured()
    var second = first
    second.shapes.removeFirst()
    second.shapes[0].microseconds = first.shapes[1].microseconds / 2
    second.shapes[0].portableMicroseconds = first.shapes[1].portableMicroseconds * 2
    second.shapes[0].layer.peakShare = 0.123
    second.shapes[1].microseconds = first.shapes[2].microseconds * 2
    second.shapes[1].portableMicroseconds = first.shapes[2].portableMicroseconds / 2
    second.shapes[1].layer.peakShare = 0.456
    let both = first.combined(with: second)
    #expect(both.shapes.map(\.name) == first.shapes.map(\.name) && both.shapes[0] == first.shapes[0])
    #expect(both.shapes[1].microseconds == first.shapes[1].microseconds / 2)
    #expect(both.shapes[1].portableMicroseconds == first.shapes[1].portableMicroseconds)
    #expect(both.shapes[1].layer.peakShare == 0.123)
    #expect(both.shapes[2].microseconds == first.shapes[2].microseconds)
    #expect(both.shapes[2].portableMicroseconds == first.shapes[2].portableMicroseconds / 2)
    #expect(both.shapes[2].layer == first.shapes[2].layer)
  }

  @Test func badBaselinesAreRefused() {
    for text in ["", "[]", "{}", #"{"entries":[{"cpu":"c","kernels":"k","ratios":{"a":-1}}]}"#] {
      #expect(throws: ShapeBaselineError.unreadable) { try ShapeBaseline(json: Array(text.utf8)) }
    }
  }

  @Test func sharesAreOfShapesLargeEnough() throws {
    var result = try measured()
    result.shapes[0].layer.usefulMultiplyAccumulates = ShapeBenchmark.computeBoundWork
    result.shapes[0].layer.peakShare = 0.7
    #expect(result.medianPeakShare == 0.7)
  }

  @Test func comparisonsKeepATenthOfTheBlocks() throws {
    let shape = LayerShape.all.first { $0.name == "autoencoder dense 640>128" }
    let model = try #require(shape).model().keepingBlocks(oneIn: 10, ofNode: 0)
    let weights = try #require(model.nodes[0].parameters[0].int8s)
    let live = (0..<8 * 160).count { block in
      (0..<64).contains { weights[(block / 160 * 16 + $0 / 4) * 640 + block % 160 * 4 + $0 % 4] != 0 }
    }
    #expect(live == 128)
    let comparisons = try KernelComparison.blockSparse(kernels: .best, time: BenchmarkTests.short)
    #expect(comparisons.map(\.batch) == [1, 64, 1, 64])
    #expect(comparisons.allSatisfy { $0.microseconds > 0 && $0.otherMicroseconds > 0 })
  }
}
