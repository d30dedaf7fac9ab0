import SwiftletModel

/// Why an affine map of a value's channels cannot go into the weights that read it.
enum FoldingObstacle: Error, Hashable {
  /// The value is an output of the graph.
  case handedOut
  /// What reads the value has no weights.
  case noWeights
  /// A convolution pads the value with zeros, which the map would not leave zero.
  case padding
  /// A pool in between does not pass the map on.
  case pooling
}

/// y = gain * x + offset, one pair per channel.
struct ChannelAffine {
  var gain, offset: [Double]

  var channels: Int { gain.count }
}

extension ChannelAffine {
  /// The running statistics of a batch normalization: gain = gamma / sqrt(variance + epsilon),
  /// offset = beta - gain * mean. Nil where they give no finite numbers.
  init?(_ node: Node, epsilon: Float) {
    guard node.parameters.count == 4, let gamma = node.parameters[0].floats, let beta = node.parameters[1].floats,
      let mean = node.parameters[2].floats, let variance = node.parameters[3].floats
    else { return nil }
    gain = []
    offset = []
    for channel in gamma.indices {
      let factor = Double(gamma[channel]) / (Double(variance[channel]) + Double(epsilon)).squareRoot()
      let shift = Double(beta[channel]) - factor * Double(mean[channel])
      guard factor.isFinite, shift.isFinite else { return nil }
      gain.append(factor)
      offset.append(shift)
    }
  }
}

extension Node {
  /// Turns a node that applies `map` into one that integers run: a depthwise convolution of one tap.
  ///
  /// Its output is the mapped value itself, so whatever pads that later pads it with zeros, as in the float network.
  mutating func become(_ map: ChannelAffine) {
    op = .conv2D(.depthwise(channels: map.channels, window: SlidingWindow(kernel: Size2D(1))))
    parameters = [
      Tensor(shape: [map.channels, 1, 1, 1], storage: .float32(map.gain.map { Float($0) })),
      Tensor(shape: [map.channels], storage: .float32(map.offset.map { Float($0) })),
    ]
  }
}

extension Model {
  /// Applies `map` to the outputs of the weighted node `index`.
  mutating func fold(_ map: ChannelAffine, intoOutputOf index: Int) {
    guard var weights = nodes[index].parameters[0].floats, var bias = nodes[index].parameters[1].floats else { return }
    let perChannel = weights.count / map.channels
    for channel in 0..<map.channels {
      for i in channel * perChannel..<(channel + 1) * perChannel {
        weights[i] = Float(Double(weights[i]) * map.gain[channel])
      }
      bias[channel] = Float(Double(bias[channel]) * map.gain[channel] + map.offset[channel])
    }
    nodes[index].parameters[0].storage = .float32(weights)
    nodes[index].parameters[1].storage = .float32(bias)
  }

  /// Applies `map` to the inputs of the weighted node `index`, whose windows see no padding unless the offsets are 0.
  mutating func fold(_ map: ChannelAffine, intoInputOf index: Int) {
    guard var weights = nodes[index].parameters[0].floats, var bias = nodes[index].parameters[1].floats else { return }
    let filters = bias.count
    let perFilter = weights.count / filters
    var depth = perFilter
    var groups = 1
    if case .conv2D(let conv) = nodes[index].op {
      groups = conv.groups
      depth = values[nodes[index].inputs[0]].shape.channels / groups
    }
    for filter in 0..<filters {
      let first = filter / (filters / groups) * depth
      var shift = 0.0
      for i in 0..<perFilter {
        let channel = (first + i % depth) % map.channels
        let weight = Double(weights[filter * perFilter + i])
        shift += weight * map.offset[channel]
        weights[filter * perFilter + i] = Float(weight * map.gain[channel])
      }
      bias[filter] = Float(Double(bias[filter]) + shift)
    }
    nodes[index].parameters[0].storage = .float32(weights)
    nodes[index].parameters[1].storage = .float32(bias)
  }

  /// The weighted nodes that can take up `map` applied to `value`: all that read it, through shape changes and pools
  /// that pass an affine map.
  ///
  /// - Throws: why one of them cannot.
  func weightedReaders(of value: Int, taking map: ChannelAffine) throws(FoldingObstacle) -> [Int] {
    guard !outputs.contains(value) else { throw .handedOut }
    var found: [Int] = []
    let readers = nodes.indices.filter { nodes[$0].inputs.contains(value) }
    guard !readers.isEmpty else { throw .noWeights }
    let hasOffset = map.offset.contains { $0 != 0 }
    for index in readers {
      let node = nodes[index]
      let shape = values[value].shape
      switch node.op {
      case .dense: found.append(index)
      case .conv2D(let conv):
        guard shape.channels % map.channels == 0 else { throw .noWeights }
        guard let plan = try? conv.plan(for: shape), plan.isInsideInput || !hasOffset else { throw .padding }
        found.append(index)
      case .pool2D(let pool):
        guard shape.channels == map.channels else { throw .noWeights }
        guard pool.reduction == .max ? map.gain.allSatisfy({ $0 > 0 }) : pool.isPlainMean else { throw .pooling }
        found += try weightedReaders(of: node.output, taking: map)
      case .reshape, .dropout: found += try weightedReaders(of: node.output, taking: map)
      case .activation, .add, .concat, .softmax, .batchNorm: throw .noWeights
      }
    }
    return found
  }
}
