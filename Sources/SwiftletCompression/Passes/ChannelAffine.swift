import SwiftletModel

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
    let groups = traits(of: nodes[index]).groups
    // Weights of one tap: each input channel of the group, or all elements that a dense layer reads.
    let depth = nodes[index].parameters[0].shape.last ?? perFilter
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

  /// The weighted nodes that can take up `map` applied to `value`: all that read it, through operators that pass the map
  /// on; nil where one of them cannot, or the graph hands the value out.
  func weightedReaders(of value: Int, taking map: ChannelAffine) -> [Int]? {
    guard !outputs.contains(value) else { return nil }
    let readers = nodes.indices.filter { nodes[$0].inputs.contains(value) }
    guard !readers.isEmpty else { return nil }
    let channels = values[value].shape.channels
    var found: [Int] = []
    for index in readers {
      let passesOn: Bool
      switch traits(of: nodes[index]).affine {
      case .absorbs: passesOn = false
      case .absorbsInChannels,
        .absorbsGainsInChannels where map.offset.allSatisfy({ $0 == 0 }):
        guard channels % map.channels == 0 else { return nil }
        passesOn = false
      case .passes: passesOn = true
      case .passesInChannels,
        .passesPositiveGainsInChannels where map.gain.allSatisfy({ $0 > 0 }):
        guard channels == map.channels else { return nil }
        passesOn = true
      case .absorbsGainsInChannels, .passesPositiveGainsInChannels, .blocks: return nil
      }
      if passesOn {
        guard let further = weightedReaders(of: nodes[index].output, taking: map) else { return nil }
        found += further
      } else {
        found.append(index)
      }
    }
    return found
  }
}
