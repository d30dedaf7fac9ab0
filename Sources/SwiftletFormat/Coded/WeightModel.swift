/// The extents of a weight tensor as kernels: `rows` output channels by height, width and input channels.
///
/// A dense layer behind Flatten nodes is a kernel as large as the image that was flattened.
struct KernelGrid {
  var rows, height, width, channels: Int
  var columns: Int { height * width * channels }
}

/// Contexts of one kind of decision, zero-initialised and freed with it.
struct ContextTable: ~Copyable {
  let states: UnsafeMutablePointer<BitState>
  let count: Int

  @inline(never) init(_ count: Int, _ value: BitState = .unseen) {
    self.count = count
    states = .allocate(capacity: count)
    states.initialize(repeating: value, count: count)
  }

  deinit { states.deallocate() }

  /// Forgets the first `count` contexts.
  func forget(_ count: Int) { states.update(repeating: .unseen, count: count) }

  /// Lets later bits count for more.
  func loosen(to limit: UInt16) {
    for index in 0..<count { states[index].count = min(states[index].count, limit) }
  }
}

/// The model of int8 weights (Format.md, Weights): zero flags, signs and magnitudes, predicted from the row, the
/// column, the channel, the kernel position and the neighbours in the kernel.
///
/// What it learned of the mixing weights and the general probabilities it takes from one tensor to the next.
struct WeightModel: ~Copyable {
  private let learner: BitLearner
  private let zeroFlag, sign, magnitude: BitMixer
  private let rowFlags = ContextTable(2, BitState(probability: 58000, count: 0))
  private let general = ContextTable(2 + magnitudeNodes, .even)

  /// Nodes of the binary tree of a magnitude 1...127.
  private static var magnitudeNodes: Int { 26 }
  /// Channels from here on share contexts, which bounds memory.
  private static var channelLimit: Int { 1024 }
  private static var neighbourhoods: Int { 8 }
  /// Bytes allocated for each column of a tensor, at most: its context, its position's, a zero.
  static var columnBytes: Int { 9 }

  init(_ tables: LogisticTables) {
    learner = BitLearner(tables: tables)
    zeroFlag = BitMixer(tables, inertia: 7, weight: 16384, rate: 12)
    sign = BitMixer(tables, inertia: 2, weight: 19661, rate: 24)
    magnitude = BitMixer(tables, inertia: 4, weight: 26214, rate: 20)
  }

  /// Codes the weights of one tensor, `grid.rows * grid.columns` of them; a decoder finds zeros and leaves weights.
  ///
  /// - Parameter goesOn: Told of decisions, and asked whether to go on, after at most `channelLimit` weights; false ends
  ///   the work.
  func code<Coder: BitCoder>(
    _ weights: UnsafeMutablePointer<Int8>, _ grid: KernelGrid, _ coder: inout Coder,
    while goesOn: (borrowing Coder, Int) -> Bool
  ) {
    general.loosen(to: 100)
    let tensor = TensorContexts(grid, channelLimit: Self.channelLimit, nodes: Self.magnitudeNodes)
    var wasPresent = 1
    for row in 0..<grid.rows {
      guard goesOn(coder, 1) else { return }
      let elements = weights + row * grid.columns
      var isPresent = 0
      for column in 0..<grid.columns where elements[column] != 0 {
        isPresent = 1
        break
      }
      isPresent = learner.code(isPresent, &coder, rowFlags.states + wasPresent)
      wasPresent = isPresent
      if isPresent == 0 { continue }
      tensor.beginRow()
      zeroFlag.contexts[0] = general.states
      zeroFlag.contexts[1] = tensor.row.states
      sign.contexts[0] = general.states + 1
      sign.contexts[1] = tensor.row.states + 1
      for y in 0..<grid.height {
        for x in 0..<grid.width {
          for first in stride(from: 0, to: grid.channels, by: Self.channelLimit) {
            let channels = first..<min(first + Self.channelLimit, grid.channels)
            codePosition(elements, row, y, x, channels, grid, tensor, &coder)
            let start = (y * grid.width + x) * grid.channels
            var decisions = 0
            for channel in channels { decisions &+= elements[start &+ channel].decisionCount }
            guard goesOn(coder, decisions) else { return }
          }
        }
      }
    }
  }

  /// The weights of some input channels at one position of one kernel.
  private func codePosition<Coder: BitCoder>(
    _ row: UnsafeMutablePointer<Int8>, _ rowIndex: Int, _ y: Int, _ x: Int, _ channels: Range<Int>, _ grid: KernelGrid,
    _ tensor: borrowing TensorContexts, _ coder: inout Coder
  ) {
    let position = y * grid.width + x
    let start = position * grid.channels
    let here = row + start
    // Neighbours outside the kernel are zero.
    func neighbour(_ up: Int, _ left: Int) -> UnsafeMutablePointer<Int8> {
      let isInside = y >= up && x >= left && x - left < grid.width
      return isInside ? here - (up * grid.width + left) * grid.channels : tensor.zeros
    }
    let (west, north) = (neighbour(0, 1), neighbour(1, 0))
    let (northWest, northEast) = (neighbour(1, 1), neighbour(1, -1))
    let (west2, north2) = (neighbour(0, 2), neighbour(2, 0))
    let above = rowIndex > 0 ? here - grid.columns : tensor.zeros
    zeroFlag.contexts[4] = tensor.position.states + position
    for channel in channels {
      let shared = channel & (Self.channelLimit - 1)
      let (w, n, nw, ne) = (Int(west[channel]), Int(north[channel]), Int(northWest[channel]), Int(northEast[channel]))
      var around = (w != 0 ? 1 : 0) | (n != 0 ? 2 : 0) | (nw != 0 ? 16 : 0) | (ne != 0 ? 32 : 0)
      around |= (west2[channel] != 0 ? 4 : 0) | (north2[channel] != 0 ? 8 : 0)
      zeroFlag.contexts[2] = tensor.channel.states + shared
      zeroFlag.contexts[3] = tensor.column.states + (start + channel)
      zeroFlag.contexts[5] = tensor.around.states + around
      let isPresent = zeroFlag.code(here[channel] != 0 ? 1 : 0, &coder, count: 6)
      if isPresent == 0 { continue }
      let size = 2 * (abs(w) + abs(n)) + abs(nw) + abs(ne) + abs(Int(above[channel])) + 1
      here[channel] = codeNonzero(
        Int(here[channel]), shared, signs: 27 * side(w) + 9 * side(n) + 3 * side(nw) + side(ne),
        neighbourhood: min(size / 2, Self.neighbourhoods - 1), tensor, &coder)
    }
  }

  private func side(_ value: Int) -> Int { value < 0 ? 0 : value == 0 ? 1 : 2 }

  private func codeNonzero<Coder: BitCoder>(
    _ value: Int, _ channel: Int, signs: Int, neighbourhood: Int, _ tensor: borrowing TensorContexts,
    _ coder: inout Coder
  ) -> Int8 {
    sign.contexts[2] = tensor.channelSign.states + channel
    sign.contexts[3] = tensor.kernelSign.states + channel
    sign.contexts[4] = tensor.signsAround.states + signs
    let isNegative = sign.code(value < 0 ? 1 : 0, &coder, count: 5)
    let ofRow = tensor.row.states + 2
    let ofChannel = tensor.channelMagnitude.states + channel * Self.magnitudeNodes
    let ofNeighbourhood = tensor.magnitudesAround.states + neighbourhood * Self.magnitudeNodes
    func code(_ bit: Int, _ node: Int, _ coder: inout Coder) -> Int {
      magnitude.contexts[0] = general.states + 2 + node
      magnitude.contexts[1] = ofRow + node
      magnitude.contexts[2] = ofChannel + node
      magnitude.contexts[3] = ofNeighbourhood + node
      return magnitude.code(bit, &coder, count: 4)
    }
    let wanted = abs(value)
    // How many bits follow the highest, in unary.
    var length = 0
    while length < 6, code(wanted >> (length + 1) != 0 ? 1 : 0, length, &coder) == 1 { length += 1 }
    var found = 1
    for bit in (0..<length).reversed() {
      let wantedBit = wanted >> bit & 1
      let node: Int
      switch (length, length - bit) {
      case (1, _): node = 6
      case (2, _): node = 6 + found
      case (3, _): node = 9 + found
      case (_, 1): node = 17 + 3 * (length - 4)
      case (_, 2): node = 18 + 3 * (length - 4) + found & 1
      default:
        found = found << 1 | coder.code(wantedBit, probability: 1 << 15)
        continue
      }
      found = found << 1 | code(wantedBit, node, &coder)
    }
    return Int8(truncatingIfNeeded: isNegative == 1 ? -found : found)
  }
}

extension Int8 {
  /// About how many decisions the coder takes for this weight, in a row that is not all zero.
  var decisionCount: Int { self == 0 ? 1 : 2 + 2 * (8 - magnitude.leadingZeroBitCount) }
}

/// The contexts that live as long as one tensor.
private struct TensorContexts: ~Copyable {
  /// One row: its zero flag, its sign, its magnitude nodes.
  let row: ContextTable
  let channel, column, position, around: ContextTable
  let channelSign, kernelSign, signsAround: ContextTable
  let channelMagnitude, magnitudesAround: ContextTable
  let zeros: UnsafeMutablePointer<Int8>

  init(_ grid: KernelGrid, channelLimit: Int, nodes: Int) {
    let channels = min(grid.channels, channelLimit)
    row = ContextTable(2 + nodes)
    channel = ContextTable(channels)
    column = ContextTable(grid.columns)
    position = ContextTable(grid.height * grid.width)
    around = ContextTable(64)
    channelSign = ContextTable(channels)
    kernelSign = ContextTable(channels)
    signsAround = ContextTable(81)
    channelMagnitude = ContextTable(channels * nodes)
    magnitudesAround = ContextTable(8 * nodes)
    zeros = .allocate(capacity: grid.channels)
    zeros.initialize(repeating: 0, count: grid.channels)
  }

  deinit { zeros.deallocate() }

  /// Forgets what is known of the row before.
  func beginRow() {
    row.forget(row.count)
    position.forget(position.count)
    kernelSign.forget(kernelSign.count)
  }
}
