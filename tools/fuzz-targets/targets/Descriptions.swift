import Foundation
import SwiftletBytes
import SwiftletFormat
@testable import SwiftletSearch
@testable import SwiftletTraining

extension FuzzTarget {
  /// Files that swiftlet writes for itself or that people write by hand.
  static let descriptions = [
    FuzzTarget(
      name: "architecture", longestInput: 1024, dictionary: architectureWords,
      seeds: { Architecture.builtIn.map { compacted($0.json) } }
    ) { input in
      guard let model = measured("reading", { try? Architecture.parse(Data(input)) }) else { return }
      do { try model.validate() } catch { fatalError("an architecture is no valid model: \(error)") }
      guard model.parameterCount <= 1 << 12 else { return }
      let written = try? ModelWriter.write(model, effort: .fast).bytes
      expect(written.flatMap { try? ModelReader.read($0) } == model, "an architecture's model is another one in a file")
    },
    FuzzTarget(
      name: "recipe", longestInput: 2048, dictionary: words(in: recipeSeeds()),
      seeds: { recipeSeeds() }
    ) { input in
      guard let recipe = measured("reading", { try? ShrinkRecipe(json: Data(input)) }) else { return }
      let again = (try? recipe.json()).flatMap { try? ShrinkRecipe(json: $0) }
      expect(again == recipe, "a recipe written is another one when read")
    },
    FuzzTarget(name: "checkpoint", longestInput: 512, seeds: checkpointSeeds) { input in
      var file = ByteWriter()
      file.write(text: "SWLC")
      file.write(bytes: input)
      file.write(Zlib.crc32(file.bytes))
      guard let checkpoint = measured("reading", { try? Checkpoint(bytes: file.bytes) }) else { return }
      // Text in it may have been mended, so not the bytes read but those written must come back.
      let again = try? Checkpoint(bytes: checkpoint.bytes)
      expect(again?.bytes == checkpoint.bytes, "a checkpoint written is another one when read")
    },
    FuzzTarget(
      name: "search-state", longestInput: 4096, dictionary: words(in: searchSeeds()),
      seeds: { searchSeeds() }
    ) { input in
      guard let state = measured("reading", { try? SearchState(json: Data(input)) }) else { return }
      _ = state.epochs
      _ = state.bestCandidate?.methodText
      let again = (try? state.json()).flatMap { try? SearchState(json: $0) }
      expect(again == state, "a search's state written is another one when read")
    },
  ]

  private static let architectureWords =
    [
      "input", "layers", "normalize", "mean", "std", "type", "name", "inputs", "conv2d", "depthwise_conv2d", "dense",
      "max_pool2d", "average_pool2d", "relu", "bounded_relu", "add", "concat", "flatten", "reshape", "softmax",
      "batch_norm", "dropout", "filters", "kernel", "stride", "dilation", "padding", "groups", "activation", "units",
      "multiplier", "ceil_mode", "count_padding", "divisor", "bound", "shape", "epsilon", "momentum", "rate", "same",
      "valid", "same_lower", "relu6",
    ].map { "\"\($0)\"" } + ["true", "null", "16777216", "1e9", "-1", "0.5"]

  private static func compacted(_ json: String) -> [UInt8] {
    json.utf8.filter { $0 != 10 && $0 != 32 }
  }

  /// The keys of JSON texts, each in quotation marks.
  private static func words(in texts: [[UInt8]]) -> [String] {
    var found: Set<String> = ["true", "null", "1e999", "-1", "9223372036854775807"]
    for text in texts {
      for (index, part) in String(decoding: text, as: UTF8.self).split(separator: "\"").enumerated()
      where index % 2 == 1 && part.count < 40 { found.insert("\"\(part)\"") }
    }
    return found.sorted()
  }

  private static func recipeSeeds() -> [[UInt8]] {
    let shipped = (try? repositoryFiles("models/recipes", ending: ".json")) ?? []
    let plain = (try? ShrinkRecipe(widths: [3, 4], targetBytes: 900).json()).map { [UInt8]($0) }
    return (shipped + (plain.map { [$0] } ?? [])).map { compacted(String(decoding: $0, as: UTF8.self)) }
  }

  private static func checkpointSeeds() throws -> [[UInt8]] {
    var checkpoint = Checkpoint()
    (checkpoint.epoch, checkpoint.stepCount) = (3, 300)
    let empty = checkpoint
    checkpoint.parameters = [[1, -2, 0.5], [], [.infinity]]
    checkpoint.optimizerState = [[0]]
    (checkpoint.best, checkpoint.bestEpoch, checkpoint.bestCorrect, checkpoint.bestLoss) = ([[1, 2]], 2, 17, 0.25)
    return [empty, checkpoint].map { Array($0.bytes[4..<$0.bytes.count - 4]) }
  }

  private static func searchSeeds() -> [[UInt8]] {
    let start = #"{"fingerprint": 77, "facts": {"json": "{}"}, "seconds": 0, "candidates": []}"#
    guard var state = try? SearchState(json: Data(start.utf8)) else { return [] }
    let empty = state
    state.candidates = [
      CompressionCandidate(
        number: 1, method: .quantized(levels: 127), points: 98.5, drop: 0.25, fileBytes: 1000, microseconds: 3.5),
      CompressionCandidate(
        number: 2, method: .trained(ShrinkRecipe(targetBytes: 800)), points: 98, drop: 0.5, trainingDrop: 0.1,
        fileBytes: 790, microseconds: 2, memoryBytes: 4000, epochs: 60, seconds: 12),
    ]
    state.best = SearchState.Best(number: 2, file: Data([1, 2, 3]))
    (state.rounds, state.roundsEffort, state.channelShare, state.probeEpochs) = (4, 1.5, 0.5, 3)
    return [empty, state].compactMap { try? $0.json() }.map { [UInt8]($0) }
  }
}
