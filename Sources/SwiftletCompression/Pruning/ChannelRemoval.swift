import SwiftletBytes
import SwiftletModel

/// Why channels cannot be removed.
public enum ChannelRemovalError: Error, Hashable, Sendable {
  case quantized
  /// The group's channels are the network's input or output, or an operator needs them all.
  case notRemovable(layer: String)
  /// A layer would have no channel left.
  case empties(layer: String)
  /// No convolution or dense layer has this name.
  case unknownLayer(String, known: [String])
  /// A width below 1 or above the layer's own.
  case badWidth(layer: String, width: Int, most: Int)
  /// Two layers whose channels are tied are given different widths.
  case widthsDiffer(String, String)
}

extension ChannelRemovalError: CustomStringConvertible {
  public var description: String { printable(Array(text.utf8)) }

  private var text: String {
    switch self {
    case .quantized: "the model is quantized already; remove channels from its float model"
    case .notRemovable(let layer):
      "layer \(layer): its channels are the network's output, or an operator needs them all; leave its width as it is"
    case .empties(let layer): "layer \(layer) would have no channel left"
    case .unknownLayer(let name, let known):
      "no layer with weights is named '\(name)'; known are \(known.joined(separator: ", "))"
    case .badWidth(let layer, let width, let most): "layer \(layer): width \(width) is not from 1 to \(most)"
    case .widthsDiffer(let a, let b): "layers \(a) and \(b) share their channels; give them the same width"
    }
  }
}

extension Model {
  /// The model without these groups of channels: filters, units and the weights that read them are gone.
  ///
  /// The others keep their order. The result computes what this model does with those channels' outputs at 0.
  /// - Throws: `ChannelRemovalError`.
  public func removing(_ removed: Set<Int>, of groups: ChannelGroups) throws(ChannelRemovalError) -> Model {
    guard !isQuantized else { throw .quantized }
    for group in removed where !groups.isRemovable[group] {
      throw .notRemovable(layer: groups.makers[group].first.map { text(ofNode: $0.node) } ?? "input")
    }
    let kept = groups.ofValue.map { channels in channels.indices.filter { !removed.contains(channels[$0]) } }
    var result = self
    for (index, node) in nodes.enumerated() {
      guard !kept[node.output].isEmpty else { throw .empties(layer: text(ofNode: index)) }
      let input = values[node.inputs[0]].shape
      let (inputs, outputs) = (kept[node.inputs[0]], kept[node.output])
      result.nodes[index].op = node.op.making(channels: outputs.count, on: input)
      for (position, spec) in node.op.parameterSpecs(for: input).enumerated() {
        result.nodes[index].parameters[position].keep(outputs, axis: 0)
        let last = spec.shape.count - 1
        switch spec.axes {
        case .outputChannels, .fixedAfterOutputChannels: break
        case .inputChannelsLast: result.nodes[index].parameters[position].keep(inputs, axis: last)
        case .inputElementsLast:
          let pixels = 0..<input.height * input.width
          let elements = pixels.flatMap { pixel in inputs.map { pixel * input.channels + $0 } }
          result.nodes[index].parameters[position].keep(elements, axis: last)
        }
      }
    }
    for value in values.indices { result.values[value].shape.channels = kept[value].count }
    return result
  }

  /// The model with these layers narrowed to the channels of the highest scores.
  ///
  /// - Parameters:
  ///   - widths: Channels left, by layer name; layers that share channels may be named once or alike.
  ///   - scores: One per group of channels; of equal scores the first in graph order stays.
  /// - Throws: `ChannelRemovalError`.
  public func narrowed(
    to widths: [String: Int], scores: [Double], of groups: ChannelGroups
  ) throws(ChannelRemovalError) -> Model {
    precondition(scores.count == groups.count, "there is one score per group of channels")
    let weighted = nodes.indices.filter { nodes[$0].op.isWeighted }
    let names = weighted.map { text(ofNode: $0) }
    var removed: Set<Int> = []
    var asked: [[Int]: (name: String, width: Int)] = [:]
    for (name, width) in widths.sorted(by: { $0.key < $1.key }) {
      guard let position = names.firstIndex(of: name) else { throw .unknownLayer(name, known: names) }
      let channels = groups.made(by: weighted[position], of: self)
      guard (1...channels.count).contains(width) else {
        throw .badWidth(layer: name, width: width, most: channels.count)
      }
      if let other = asked[channels] {
        guard other.width == width else { throw .widthsDiffer(other.name, name) }
      }
      asked[channels] = (name, width)
      guard width < channels.count else { continue }
      guard channels.allSatisfy({ groups.isRemovable[$0] }) else { throw .notRemovable(layer: name) }
      let ranked = channels.indices.sorted { (-scores[channels[$0]], $0) < (-scores[channels[$1]], $1) }
      removed.formUnion(ranked[width...].map { channels[$0] })
    }
    return try removing(removed, of: groups)
  }

  /// Importance of each group: the sum of `weightScores` over the weights that make it, batch normalization left out.
  ///
  /// With Fisher information x w^2 (Theis et al. 2018, "Faster gaze prediction with dense networks and Fisher pruning")
  /// as the scores this estimates the loss from removing the channel; squared weights give the L2 criterion.
  /// - Parameter weightScores: For each node one score per element of its weights, nil for nodes without.
  public func channelScores(_ weightScores: [[Float]?], of groups: ChannelGroups) -> [Double] {
    groups.makers.map { makers in
      makers.reduce(0) { sum, maker in
        guard let scores = weightScores[maker.node] else { return sum }
        let perFilter = scores.count / nodes[maker.node].parameters[0].shape[0]
        return scores[maker.filter * perFilter..<(maker.filter + 1) * perFilter].reduce(sum) { $0 + Double($1) }
      }
    }
  }
}

extension Tensor {
  /// Keeps these positions along one axis of a float tensor.
  fileprivate mutating func keep(_ positions: [Int], axis: Int) {
    guard positions.count != shape[axis], let elements = floats else { return }
    let inner = shape[(axis + 1)...].reduce(1, *)
    let outer = shape[..<axis].reduce(1, *)
    var kept: [Float] = []
    kept.reserveCapacity(outer * positions.count * inner)
    for block in 0..<outer {
      for position in positions {
        let start = (block * shape[axis] + position) * inner
        kept += elements[start..<start + inner]
      }
    }
    shape[axis] = positions.count
    storage = .float32(kept)
  }
}
