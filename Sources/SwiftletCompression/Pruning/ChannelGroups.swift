import SwiftletModel

/// Which channels of a network exist together, and so can only be removed together.
///
/// A channel is made by a filter of a convolution or a unit of a dense layer. Addition ties the channels of its inputs
/// one to one, a depthwise convolution ties its output to its input, pooling, activation and batch normalization hand
/// channels on, flattening repeats each for every pixel, concatenation lines them up. What the network takes in or hands
/// out, and what a softmax, a reshape other than flattening or a grouped convolution touches, stays.
public struct ChannelGroups: Sendable {
  /// For each value of the model, the group of each channel.
  public let ofValue: [[Int]]
  /// For each group, the filters and units that make it.
  public let makers: [[Maker]]
  public let isRemovable: [Bool]

  /// A filter of a convolution or a unit of a dense layer.
  public struct Maker: Hashable, Sendable {
    public var node, filter: Int
  }

  public var count: Int { makers.count }

  /// - Parameter model: A valid model, float or quantized.
  public init(_ model: Model) {
    var tracing = ChannelTracing(model)
    for index in model.nodes.indices { tracing.follow(node: index) }
    for output in model.outputs { tracing.ties.freeze(tracing.values[output]) }
    var roots = Roots(tracing.ties)
    ofValue = tracing.values.map { channels in channels.map { roots.group(of: $0) } }
    var makers = [[Maker]](repeating: [], count: roots.isRemovable.count)
    for (maker, channel) in tracing.made { makers[roots.group(of: channel)].append(maker) }
    self.makers = makers
    isRemovable = roots.isRemovable
  }

  /// The groups a node's filters or units make, in their order.
  public func made(by node: Int, of model: Model) -> [Int] { ofValue[model.nodes[node].output] }
}

/// Follows the channels of a model from node to node.
private struct ChannelTracing {
  let model: Model
  var ties = Ties()
  /// For each value, its channels.
  var values: [[Int]]
  /// The filters and units, and the channel that each makes.
  var made: [(maker: ChannelGroups.Maker, channel: Int)] = []

  init(_ model: Model) {
    self.model = model
    values = [[Int]](repeating: [], count: model.values.count)
    for input in model.inputs {
      values[input] = ties.fresh(model.values[input].shape.channels)
      ties.freeze(values[input])
    }
  }

  mutating func follow(node index: Int) {
    let node = model.nodes[index]
    let input = values[node.inputs[0]]
    let output = model.values[node.output].shape.channels
    switch model.traits(of: node).channels {
    case .makes: values[node.output] = makes(output, index)
    case .makesOneFromOne:
      values[node.output] = makes(output, index)
      for (a, b) in zip(input, values[node.output]) { ties.tie(a, b) }
    case .makesInGroups:
      values[node.output] = makes(output, index)
      ties.freeze(input + values[node.output])
    case .passes: values[node.output] = input
    case .passesAll:
      ties.freeze(input)
      values[node.output] = input
    case .ties:
      for other in node.inputs.dropFirst() { for (a, b) in zip(input, values[other]) { ties.tie(a, b) } }
      values[node.output] = input
    case .concatenates: values[node.output] = node.inputs.flatMap { values[$0] }
    case .repeatsForPixels: values[node.output] = (0..<output).map { input[$0 % input.count] }
    case .reorders:
      ties.freeze(input)
      values[node.output] = ties.fresh(output)
      ties.freeze(values[node.output])
    }
  }

  private mutating func makes(_ count: Int, _ node: Int) -> [Int] {
    let channels = ties.fresh(count)
    for (filter, channel) in channels.enumerated() {
      made.append((ChannelGroups.Maker(node: node, filter: filter), channel))
    }
    return channels
  }
}

/// Numbers the sets of channels in the order in which they are asked for.
private struct Roots {
  private var ties: Ties
  private var groups: [Int: Int] = [:]
  private(set) var isRemovable: [Bool] = []

  init(_ ties: Ties) { self.ties = ties }

  mutating func group(of channel: Int) -> Int {
    let root = ties.root(channel)
    if let group = groups[root] { return group }
    groups[root] = isRemovable.count
    isRemovable.append(!ties.isFrozen(root))
    return isRemovable.count - 1
  }
}

/// Disjoint sets of channels (union-find); a set with a frozen channel is frozen.
private struct Ties {
  private var parents: [Int] = []
  private var frozen: [Bool] = []

  mutating func fresh(_ count: Int) -> [Int] {
    let first = parents.count
    parents += first..<first + count
    frozen += Array(repeating: false, count: count)
    return Array(first..<first + count)
  }

  mutating func root(_ channel: Int) -> Int {
    var channel = channel
    while parents[channel] != channel {
      parents[channel] = parents[parents[channel]]
      channel = parents[channel]
    }
    return channel
  }

  mutating func tie(_ a: Int, _ b: Int) {
    let (a, b) = (root(a), root(b))
    // The older root stays, so that groups are numbered in the order of the graph.
    parents[max(a, b)] = min(a, b)
    frozen[min(a, b)] = frozen[a] || frozen[b]
  }

  mutating func freeze(_ channels: [Int]) { for channel in channels { frozen[root(channel)] = true } }
  func isFrozen(_ root: Int) -> Bool { frozen[root] }
}
