import SwiftletModel

extension Model {
  /// This model with only `percent` % of the blocks of a layer, the others zero: chosen by `seed`, to the exact count.
  ///
  /// A block is 4 consecutive input channels of one tap for 16 output channels, as the block-sparse kernels have it.
  /// The blocks of the 16 output channels in `empty` all go.
  func keepingBlocks(_ percent: Int, ofNode node: Int, seed: UInt64 = 1, empty: [Int] = []) -> Model {
    guard var weights = nodes[node].parameters[0].int8s else { preconditionFailure("weights are int8") }
    let shape = nodes[node].parameters[0].shape
    let filters = shape[0]
    let perFilter = weights.count / filters
    let channels = shape[shape.count - 1]
    var random = SplitMix64(seed: seed)
    let runs = stride(from: 0, to: perFilter, by: channels).flatMap { tap in
      stride(from: 0, to: channels, by: 4).map { tap + $0..<tap + min($0 + 4, channels) }
    }
    var blocks = (0..<(filters + 15) / 16).flatMap { group in runs.map { (group: group, inputs: $0) } }
    blocks.shuffle(using: &random)
    let kept = blocks.count * percent / 100
    for (index, block) in blocks.enumerated() where index >= kept || empty.contains(block.group) {
      for filter in block.group * 16..<min(block.group * 16 + 16, filters) {
        for input in block.inputs { weights[filter * perFilter + input] = 0 }
      }
    }
    var result = self
    result.nodes[node].parameters[0].storage = .int8(weights)
    return result
  }
}
