import Foundation
import SwiftletCompression
import SwiftletData
import SwiftletEvaluation
import SwiftletModel
import SwiftletReport
import TestSupport
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite struct ModelDiffTests {
  static let images = TrainedDigits.images.subset(0..<100)

  @Test func aModelEqualsItself() throws {
    let model = try TrainedDigits.model.get()
    let diff = try ModelDiff(model, model, images: Self.images, count: 40)
    #expect(diff.comparison?.flipCount == 0 && diff.imageCount == 40)
    #expect(diff.layers.allSatisfy { $0.outputSQNR == .infinity })
    #expect(diff.layers.compactMap(\.weightSQNR) == [.infinity, .infinity, .infinity])
    #expect(diff.worstImages.allSatisfy { $0.relativeError == 0 && $0.predictions[0] == $0.predictions[1] })
    #expect(diff.sides[0].microseconds == nil && diff.sides[0].nonzeroCount <= diff.sides[0].parameterCount)
  }

  @Test func eightBitsAreNearAndTheDamagedLayerIsFound() throws {
    let model = try TrainedDigits.model.get()
    let quantized = try model.quantized(calibratingOn: TrainedDigits.images, count: 100)
    let near = try ModelDiff(model, quantized, images: Self.images, count: 40)
    let weighted = near.layers.filter { $0.weightSQNR != nil }
    #expect(weighted.count == 3)
    for layer in weighted {
      #expect(try #require(layer.weightSQNR) > 35)
      #expect(try #require(layer.outputSQNR) > 20)
      #expect(try #require(layer.aloneSQNR) > #require(near.layers.last?.outputSQNR) - 3)
      #expect((0...1).contains(try #require(layer.activationBlame)))
    }
    #expect(near.sides[1].microseconds ?? 0 > 0)
    // Half of one layer's weights lost: it alone explains the noise, and rounding activations next to none of it.
    var damaged = quantized
    let node = try #require(quantized.nodes.firstIndex { $0.op.kind == .dense })
    let weights = try #require(quantized.nodes[node].parameters[0].int8s)
    damaged.nodes[node].parameters[0].storage = .int8(weights.enumerated().map { $0 % 2 == 0 ? 0 : $1 })
    let diff = try ModelDiff(model, damaged, images: Self.images, count: 40)
    let alone = diff.layers.filter { $0.aloneSQNR != nil }
    let worst = try #require(alone.min { $0.aloneSQNR! < $1.aloneSQNR! })
    #expect(worst.name == near.layers.first { $0.nonzeroCounts?[0] == weights.count }?.name)
    #expect(try #require(worst.aloneSQNR) < 10)
    #expect(try #require(worst.activationBlame) < 0.1)
  }

  /// The page parses as XML, shows every weighted layer's bars and the worst images, and fetches nothing.
  @Test func thePageIsWellFormed() throws {
    let model = try TrainedDigits.model.get()
    let quantized = try model.quantized(calibratingOn: TrainedDigits.images, count: 100)
    let diff = try ModelDiff(model, quantized, images: Self.images, count: 40)
    let page = diff.html(files: [("a <b>", 1234), ("c", 567)], images: Self.images)
    let parser = XMLParser(data: Data(page.utf8))
    #expect(parser.parse(), "\(String(describing: parser.parserError)) at line \(parser.lineNumber)")
    let bars = diff.layers.reduce(0) { $0 + [$1.weightSQNR, $1.outputSQNR, $1.aloneSQNR].compactMap { $0 }.count }
    #expect(bars > 9 && page.ranges(of: "<rect ").count == bars)
    #expect(page.ranges(of: "src=\"data:image/png;base64,").count == diff.worstImages.count)
    #expect(page.contains("<td>1,234</td>") && page.contains("a &lt;b&gt;") && !page.contains("http"))
    #expect(page.contains(try #require(diff.comparison).text))
    // Without the pixels the worst images are a table.
    #expect(diff.html(files: [("a", 1), ("b", 1)]).contains("<th>error</th>"))
    let equal = try ModelDiff(model, model, images: Self.images, count: 40).html(files: [("a", 1), ("a", 1)])
    #expect(equal.contains(">equal</text>") && !equal.contains("inf"))
  }

  @Test func ratiosThatAreNoNumbersAreSaidInWords() {
    let ratios: [Double?] = [.infinity, -.infinity, .nan, nil, 40.26, -3]
    #expect(ratios.map { ModelDiff.text(decibels: $0) } == ["equal", "no signal", "", "", "40.3", "-3.0"])
  }

  @Test func otherGraphsAreComparedAsAWhole() throws {
    let model = try TrainedDigits.model.get()
    let groups = ChannelGroups(model)
    let scores = [Double](repeating: 1, count: groups.count)
    let conv = model.text(ofNode: 1)
    let narrow = try model.narrowed(to: [conv: 4], scores: scores, of: groups)
    let diff = try ModelDiff(model, narrow, images: Self.images)
    #expect(diff.sides[1].parameterCount < diff.sides[0].parameterCount)
    #expect(!diff.layers.contains { $0.name == conv })
    #expect(diff.comparison != nil)
    let facts = try ModelDiff(model, narrow)
    #expect(facts.comparison == nil && facts.imageCount == 0 && facts.worstImages.isEmpty)
  }
}
