import CSwiftletKernels
import SwiftletModel

/// A dense layer as packed matrix products.
final class FloatDenseStep: FloatStep, @unchecked Sendable {
  let op: Dense
  private let forwardPanels, backwardPanels: PackedPanels
  private let bias: FloatBuffer
  private let scratch: [AddressScratch]
  private static let unitsPerTask = 12

  init(_ op: Dense, batch: Int, _ place: FloatStepPlace) {
    self.op = op
    let inputCount = place.inputs[0].count
    forwardPanels = PackedPanels(rows: inputCount, columns: op.units)
    backwardPanels = PackedPanels(rows: op.units, columns: place.wantsInputGradient[0] ? inputCount : 0)
    bias = paddedBias(op.units)
    scratch = (0..<place.context.workers).map { _ in AddressScratch(batch) }
    super.init(place)
  }

  override var canSetInputGradient: Bool { true }

  override var preparationTasks: Int { forwardPanels.panels.count + backwardPanels.panels.count }

  override func prepare(_ task: Int) {
    let weights = parameters[0].weights.baseAddress!
    let inputCount = inputs[0].count
    if task < forwardPanels.panels.count {
      let panel = forwardPanels.panels[task]
      forwardPanels.packTransposed(panel, weights, stride: inputCount, context.kernels.table)
      (bias.pointer + panel.first).update(
        from: parameters[1].weights.baseAddress! + panel.first, count: panel.columns)
    } else {
      let panel = backwardPanels.panels[task - forwardPanels.panels.count]
      backwardPanels.packColumns(panel, weights, stride: inputCount)
    }
  }

  override func forward(_ shard: Shard) {
    let scratch = scratch[shard.worker]
    for (i, n) in shard.samples.enumerated() {
      scratch.read[i] = UnsafePointer(inputs[0].address(n))
      scratch.write[i] = output.address(n)
    }
    let (low, high) = op.activation.bounds
    var start: Int32 = 0
    for panel in forwardPanels.panels {
      context.kernels.table.igemm(
        scratch.read, shard.samples.count, &start, 1, forwardPanels.rows, forwardPanels.address(panel), panel.width,
        bias.pointer + panel.first, low, high, scratch.write, panel.first, panel.columns, 0)
    }
  }

  override func backward(_ shard: Shard) {
    gateGradient(op.activation, shard)
    guard wantsInputGradient[0] else { return }
    let scratch = scratch[shard.worker]
    for (i, n) in shard.samples.enumerated() {
      scratch.read[i] = UnsafePointer(output.gradientAddress(n))
      scratch.write[i] = inputs[0].gradientAddress(n)
    }
    var start: Int32 = 0
    for panel in backwardPanels.panels {
      context.kernels.table.igemm(
        scratch.read, shard.samples.count, &start, 1, op.units, backwardPanels.address(panel), panel.width, nil,
        -.infinity, .infinity, scratch.write, panel.first, panel.columns, inputs[0].isGradientSet ? 0 : 1)
    }
  }

  // The weight gradient is split over units, not samples, so it needs no partial sums.
  override var gradientTasks: Int { (op.units + Self.unitsPerTask - 1) / Self.unitsPerTask }

  override func completeGradient(_ task: Int, samples: Int, shards: Int) {
    let first = task * Self.unitsPerTask
    let units = min(Self.unitsPerTask, op.units - first)
    let inputCount = inputs[0].count
    let weightGradient = parameters[0].gradient!.pointer + first * inputCount
    let biasGradient = parameters[1].gradient!.pointer + first
    weightGradient.update(repeating: 0, count: units * inputCount)
    biasGradient.update(repeating: 0, count: units)
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: 2 * samples) { addresses in
      let gradients = addresses.baseAddress!
      let images = gradients + samples
      for n in 0..<samples {
        gradients[n] = UnsafePointer(output.gradientAddress(n) + first)
        images[n] = UnsafePointer(inputs[0].address(n))
        for unit in 0..<units { biasGradient[unit] += gradients[n]![unit] }
      }
      context.kernels.table.outer(
        gradients, 0, units, images, 0, inputCount, samples, weightGradient, inputCount)
    }
  }
}

/// Address lists of one worker.
final class AddressScratch: @unchecked Sendable {
  let read: AddressList
  let write: MutableAddressList

  init(_ count: Int) {
    read = .allocate(capacity: count)
    write = .allocate(capacity: count)
  }

  deinit {
    read.deallocate()
    write.deallocate()
  }
}

extension FloatStep {
  /// Turns the gradient of the activated output into that of the sum under it, in place.
  func gateGradient(_ activation: Activation, _ shard: Shard) {
    guard activation != .none else { return }
    let (low, high) = activation.bounds
    let y = output.x(shard.samples)
    context.kernels.table.gate(y.baseAddress!, y.count, low, high, output.gradientAddress(shard.samples.lowerBound))
  }
}
