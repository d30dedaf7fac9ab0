import SwiftletCompression
import SwiftletData
import SwiftletFloat
import SwiftletModel

/// Ever narrower forms of a network, each with the channels least missed gone.
///
/// For every set of layers that share their channels the loss is measured with this set alone narrowed, by ever more
/// channels, the least by Fisher information first, nothing trained. From rung to rung that set loses channels which
/// costs the least loss for each unit of cost saved.
struct WidthLadder {
  /// The cost that narrowing saves.
  enum Cost {
    /// Parameters, which are bytes, and multiply-accumulates, which are time to train: each as a share of the network's.
    case parametersAndProducts
    case multiplyAccumulates
  }

  /// One step down.
  struct Rung {
    /// Channels of each of the model's `narrowableLayers`.
    var widths: [Int]
    var parameterCount: Int
  }

  /// From the network as it is, or the share of its channels that is started at, to one channel in sixteen.
  private(set) var rungs: [Rung]
  private let model: Model
  private let groups: ChannelGroups
  private let scores: [Double]
  let full: [Int]
  private let cost: Cost
  /// For every set of layers that share their channels, which layers these are and the loss at falling widths.
  private var curves: [(positions: [Int], points: [(width: Int, loss: Double)])] = []

  /// Shares of a layer's channels that are tried, closer together where few are left: each may then cost much.
  private static let shares = [14, 12, 10, 8, 7, 6, 5, 4, 3, 2, 1.5, 1].map { $0 / 16 }
  /// The channels that a kernel computes at once.
  static let kernelBlock = 16
  /// Added to every loss, so that narrowing that costs no loss at all still goes by the cost it saves.
  private static let leastLoss = 1e-6
  /// Against division by nothing saved.
  private static let leastSaving = 1e-9

  /// - Parameters:
  ///   - sample: Training images to measure the loss on.
  ///   - block: Widths are multiples of it where they are larger: the channels a kernel computes at once.
  init(
    _ model: Model, training: Dataset, sample: Dataset, cost: Cost, block: Int = 1, threads: Int
  ) throws {
    self.model = model
    self.cost = cost
    groups = ChannelGroups(model)
    scores = model.channelScores(try model.fisherScores(on: training, threads: threads), of: groups)
    let layers = model.narrowableLayers
    full = layers.map { model.nodes[$0].parameters[0].shape[0] }
    rungs = []
    var sets: [(channels: [Int], positions: [Int])] = []
    for (position, node) in layers.enumerated() {
      let channels = groups.made(by: node, of: model)
      guard channels.allSatisfy({ groups.isRemovable[$0] }) else { continue }
      if let index = sets.firstIndex(where: { $0.channels == channels }) {
        sets[index].positions.append(position)
      } else {
        sets.append((channels, [position]))
      }
    }
    let base = try model.meanLoss(on: sample, threads: threads)
    for set in sets {
      var curve = [(width: set.channels.count, loss: base)]
      for width in Self.widths(of: set.channels.count, block: block) {
        var widths = full
        for position in set.positions { widths[position] = width }
        let loss = try narrowed(to: widths).meanLoss(on: sample, threads: threads)
        curve.append((width, loss.isFinite ? max(loss, curve.last!.loss) : .greatestFiniteMagnitude))
      }
      curves.append((set.positions, curve))
    }
    try climbDown(from: 1)
  }

  /// This ladder, of all channels at first, with the rungs from so many of each layer's down.
  func starting(atShare share: Double) throws -> WidthLadder {
    guard share < 1 else { return self }
    var ladder = self
    try ladder.climbDown(from: share)
    return ladder
  }

  private static func widths(of count: Int, block: Int) -> [Int] {
    var result: [Int] = []
    for share in shares {
      var width = max(1, Int((share * Double(count)).rounded()))
      if width > block { width = (width + block - 1) / block * block } else { width = min(block, count) }
      if width < result.last ?? count { result.append(width) }
    }
    return result
  }

  private mutating func climbDown(from share: Double) throws {
    var at = curves.map { curve in
      curve.points.firstIndex { Double($0.width) <= share * Double(curve.points[0].width) + 0.5 }
        ?? curve.points.count - 1
    }
    var widths = full
    for (curve, index) in zip(curves, at) {
      for position in curve.positions { widths[position] = curve.points[index].width }
    }
    let first = try narrowed(to: widths)
    rungs = [Rung(widths: widths, parameterCount: first.parameterCount)]
    var current = (widths: widths, cost: self.share(of: first))
    while true {
      var best: (rate: Double, set: Int, widths: [Int], narrow: Model, cost: Double)?
      for (index, curve) in curves.enumerated() where at[index] + 1 < curve.points.count {
        let (before, after) = (curve.points[at[index]], curve.points[at[index] + 1])
        var widths = current.widths
        for position in curve.positions { widths[position] = after.width }
        let narrow = try narrowed(to: widths)
        let left = self.share(of: narrow)
        let rate = (after.loss - before.loss + Self.leastLoss) / max(current.cost - left, Self.leastSaving)
        if rate < best?.rate ?? .infinity { best = (rate, index, widths, narrow, left) }
      }
      guard let best else { return }
      at[best.set] += 1
      current = (best.widths, best.cost)
      rungs.append(Rung(widths: best.widths, parameterCount: best.narrow.parameterCount))
    }
  }

  /// The cost of a narrower network, as a share of the whole one's.
  private func share(of narrow: Model) -> Double {
    let products = Double(narrow.multiplyAccumulates) / Double(max(model.multiplyAccumulates, 1))
    switch cost {
    case .parametersAndProducts: return Double(narrow.parameterCount) / Double(max(model.parameterCount, 1)) + products
    case .multiplyAccumulates: return products
    }
  }

  /// The network with these widths, its weights as they are.
  func narrowed(to widths: [Int]) throws -> Model {
    try model.narrowed(toWidths: widths, scores: scores, of: groups)
  }

  /// The widest rung with at most so many parameters, at or below the rung `limit`; the last where none has. Where that
  /// has fewer than `least`, the narrowest with as many instead, `limit` where none has.
  func widths(parameters: Double, atLeast least: Int = 0, from limit: Int = 0) -> [Int] {
    // A limit kept in a file may be of another ladder.
    let limit = min(limit, rungs.count - 1)
    let allowed = rungs[limit...]
    let widest = allowed.firstIndex { Double($0.parameterCount) <= parameters } ?? rungs.count - 1
    let narrowest = allowed.lastIndex { $0.parameterCount >= least } ?? limit
    return rungs[min(widest, narrowest)].widths
  }
}

extension Model {
  /// The nodes whose widths a recipe gives: those with weights but the last.
  var narrowableLayers: [Int] { Array(nodes.indices.filter { nodes[$0].parameters.count == 2 }.dropLast()) }

  /// - Throws: `CompressionError.recipe` where there is not one for each of `narrowableLayers`.
  func check(widths: [Int]) throws(CompressionError) {
    let count = narrowableLayers.count
    guard widths.count == count else {
      throw .recipe("give \(count) widths, one for each layer with weights but the last")
    }
  }

  /// - Parameter widths: One for each of `narrowableLayers`.
  func narrowed(toWidths widths: [Int], scores: [Double], of groups: ChannelGroups) throws -> Model {
    let layers = narrowableLayers
    try check(widths: widths)
    let names = layers.map { text(ofNode: $0) }
    return try narrowed(
      to: Dictionary(zip(names, widths), uniquingKeysWith: { first, _ in first }), scores: scores, of: groups)
  }

  /// The mean loss of a float model.
  func meanLoss(on images: Dataset, threads: Int) throws -> Double {
    try FloatNetwork(self, maxBatch: 64, threads: threads).score(images).meanLoss
  }
}
