import SwiftletModel

extension Model {
  /// The model with only the most important output channels of each weighted layer but the last (structured pruning).
  ///
  /// A channel's importance is the product of the squared norms of the weights that make it and of those that read it
  /// (the score of Li et al. 2017, "Pruning Filters for Efficient ConvNets", with its readers' counterpart). The kept
  /// channels stay in order, so no list of them is needed; layers get narrower in graph order.
  /// - Parameter widths: How many channels each convolution or dense layer but the last keeps.
  /// - Throws: `PruningError` where the widths do not fit, or a node ties channels to others.
  public func narrowed(to widths: [Int]) throws(PruningError) -> Model {
    guard !isQuantized else { throw .quantized }
    let layers = nodes.indices.filter { nodes[$0].op.isWeighted }
    let present = layers.dropLast().map { nodes[$0].parameters[0].shape[0] }
    guard widths.count == present.count, zip(widths, present).allSatisfy({ (1...$1).contains($0) }) else {
      throw .widths(widths, layers: present)
    }
    var result = self
    for (layer, width) in zip(layers, widths) where width < nodes[layer].parameters[0].shape[0] {
      try result.narrow(layer, to: width)
    }
    return result
  }

  private mutating func narrow(_ layer: Int, to width: Int) throws(PruningError) {
    if case .conv2D(let conv) = nodes[layer].op, conv.groups > 1 { throw .tiedChannels(layer: text(ofNode: layer)) }
    let channels = nodes[layer].parameters[0].shape[0]
    let readers = try channelReaders(of: nodes[layer].output)
    var importance = squaredNorms(ofRowsOf: layer)
    var read = [Double](repeating: 0, count: channels)
    for reader in readers where nodes[reader].op.isWeighted {
      let weights = nodes[reader].parameters[0].floats ?? []
      for (i, weight) in weights.enumerated() { read[i % channels] += Double(weight) * Double(weight) }
    }
    for channel in 0..<channels { importance[channel] *= read[channel] }
    guard importance.allSatisfy(\.isFinite) else { throw .nonFiniteWeight(layer: text(ofNode: layer)) }
    let order = (0..<channels).sorted { (-importance[$0], $0) < (-importance[$1], $1) }
    let kept = order.prefix(width).sorted()
    slice(layer, rows: kept, of: channels)
    for reader in readers { slice(reader, columns: kept, of: channels) }
    switch nodes[layer].op {
    case .conv2D(var conv):
      conv.filters = width
      nodes[layer].op = .conv2D(conv)
    case .dense(var dense):
      dense.units = width
      nodes[layer].op = .dense(dense)
    case .pool2D, .activation, .add, .concat, .reshape, .softmax, .batchNorm, .dropout: break
    }
    for node in nodes {
      guard let shape = try? node.op.outputShape(for: inputShapes(of: node)) else { continue }
      values[node.output].shape = shape
    }
  }

  /// The weighted layers and batch normalizations that read the channels of `value`, through what leaves them apart.
  private func channelReaders(of value: Int) throws(PruningError) -> [Int] {
    guard !outputs.contains(value) else { throw .tiedChannels(layer: "output") }
    var found: [Int] = []
    for index in nodes.indices where nodes[index].inputs.contains(value) {
      let node = nodes[index]
      switch node.op {
      case .dense: found.append(index)
      case .conv2D(let conv):
        guard conv.groups == 1 else { throw .tiedChannels(layer: text(ofNode: index)) }
        found.append(index)
      case .batchNorm:
        found.append(index)
        found += try channelReaders(of: node.output)
      // Flattened, the channel is the fastest index still: element i is of channel i % channels.
      case .pool2D, .activation, .dropout, .reshape(.flatten): found += try channelReaders(of: node.output)
      case .add, .concat, .softmax, .reshape(.to): throw .tiedChannels(layer: text(ofNode: index))
      }
    }
    return found
  }

  private func squaredNorms(ofRowsOf layer: Int) -> [Double] {
    let weights = nodes[layer].parameters[0].floats ?? []
    let rows = nodes[layer].parameters[0].shape[0]
    let count = weights.count / rows
    return (0..<rows).map { row in
      weights[row * count..<(row + 1) * count].reduce(0) { $0 + Double($1) * Double($1) }
    }
  }

  private mutating func slice(_ layer: Int, rows kept: [Int], of channels: Int) {
    for index in nodes[layer].parameters.indices {
      var tensor = nodes[layer].parameters[index]
      let all = tensor.floats ?? []
      let count = all.count / channels
      tensor.storage = .float32(kept.flatMap { all[$0 * count..<($0 + 1) * count] })
      tensor.shape[0] = kept.count
      nodes[layer].parameters[index] = tensor
    }
  }

  private mutating func slice(_ reader: Int, columns kept: [Int], of channels: Int) {
    guard nodes[reader].op.isWeighted else {
      slice(reader, rows: kept, of: channels)
      return
    }
    var tensor = nodes[reader].parameters[0]
    let all = tensor.floats ?? []
    tensor.storage = .float32(
      stride(from: 0, to: all.count, by: channels).flatMap { start in kept.map { all[start + $0] } })
    let last = tensor.shape.count - 1
    tensor.shape[last] = tensor.shape[last] / channels * kept.count
    nodes[reader].parameters[0] = tensor
  }
}
