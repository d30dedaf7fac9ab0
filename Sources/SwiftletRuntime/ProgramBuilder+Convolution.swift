import CSwiftletKernels
import SwiftletModel
import SwiftletReference

/// What every panel of one layer shares.
struct LayerTables {
  var layout: PanelLayout
  var pixels: UnsafePointer<Int32>
  var windowCount, windowPixels: Int
  var outputChannels: Int
  var stage: OutputStage
}

extension ProgramBuilder {
  func convolutionStep(
    _ group: FusedNodes, _ conv: Conv2D
  ) throws(PrepareError) -> (step: Step, kernel: KernelName) {
    let node = model.nodes[group.nodes[0]]
    let input = model.values[node.inputs[0]].shape
    let stage = outputStage(group)
    // A depthwise convolution of several filters per channel reads a copy in which each channel stands that many times;
    // a copy too large to address goes without.
    let multiplier = conv.filters / input.channels
    let fits = multiplier == 1 || multiplier <= (1 << 26) / input.count
    let isDepthwise = conv.isDepthwise(on: input) && !stage.storesInt32 && fits
    let repeats = isDepthwise ? multiplier : 1
    let plan: WindowPlan
    var pool: WindowPlan?
    do {
      plan = try repeats == 1 ? conv.plan(for: input) : conv.plan(for: input).repeatingChannels(repeats)
      if let index = group.pool, case .pool2D(let operation) = model.nodes[index].op {
        pool = try operation.plan(for: plan.output)
      }
    } catch { throw PrepareError(.graph(.shape(error))) }
    let geometry = WindowGeometry(plan)
    let index = group.nodes[0]
    let blocks =
      isDepthwise
      ? nil : sparseBlocks(index, geometry.steps(groups: conv.groups, of: 4), groups: conv.groups, conv.filters)
    // A transform takes a share of the direct kernel's time; few blocks left take less.
    if !isDepthwise, blocks.map({ $0.share > kernels.winograd?.costs.sparseShare ?? 0 }) ?? true,
      let winograd = try winogradStep(group, conv, plan, pooledBy: pool)
    {
      return winograd
    }
    guard let paddedByteCount = geometry.paddedByteCount, plan.output.height * plan.output.width <= 1 << 26 else {
      throw memory.error(geometry.paddedByteCount ?? .max)
    }
    let (cells, perWindow) = geometry.pixels(pooledBy: pool)
    let windowCount = cells.count / perWindow
    // One window per image: the images of a chunk become the pixels of one call.
    let isBatched = windowCount == 1 && perWindow == 1 && !geometry.isPadded && repeats == 1
    let layout = self.layout(isBatched: isBatched, isSparse: blocks != nil)
    let inputByteCount = isDepthwise ? 1 : layout.packing.inputByteCount
    var padding: PaddedCopy?
    if geometry.isPadded || repeats > 1 || inputByteCount > 1 {
      let channels = plan.input.channels
      padding = PaddedCopy(
        buffer: addScratch(byteCount: paddedByteCount * inputByteCount), height: input.height,
        rowByteCount: input.width * input.channels, top: geometry.top,
        leftByteCount: geometry.left * channels, bottom: geometry.bottom, rightByteCount: geometry.right * channels,
        repeats: repeats, fill: UInt8(truncatingIfNeeded: quantization(node.inputs[0]).zeroPoint),
        widen: inputByteCount > 1 ? table.widen.run : nil)
    }
    let wordSteps =
      isDepthwise || isBatched || blocks != nil || conv.groups > 1
      ? nil : self.wordSteps(geometry, pixels: cells.count, filters: conv.filters)
    var words: WordImage?
    if wordSteps != nil, let kernel = table.interleave.run {
      words = WordImage(
        kernel: kernel, buffer: addScratch(byteCount: 8 * paddedByteCount), byteCount: paddedByteCount,
        rowStep: geometry.rowStep)
    }
    let cellByteCount = words == nil ? inputByteCount : 4
    let offsets = cellByteCount == 1 ? cells : cells.map { $0 * Int32(cellByteCount) }
    let tables = LayerTables(
      layout: layout, pixels: try memory.store(isBatched ? imageOffsets(input.count) : offsets),
      windowCount: windowCount, windowPixels: perWindow, outputChannels: conv.filters, stage: stage)
    if isDepthwise {
      let (panel, microkernel) = try depthwisePanel(index, geometry, tables)
      let step = try layerStep(group, [panel], microkernel, tables, padding: padding, isBatched: isBatched)
      return (step, KernelName(table.depthwise.name))
    }
    return try weightedStep(
      group, blocks, wordSteps ?? geometry.steps(groups: conv.groups, of: layout.packing.stepInputs),
      groups: conv.groups, tables, padding: padding, words: words, isBatched: isBatched)
  }

  func denseStep(_ group: FusedNodes) throws(PrepareError) -> (step: Step, kernel: KernelName) {
    let node = model.nodes[group.nodes[0]]
    let count = model.values[node.inputs[0]].shape.count
    let units = output(of: node).shape.channels
    let run = [WindowStep(offset: 0, first: 0, count: count)]
    let blocks = sparseBlocks(group.nodes[0], WindowGeometry.cut(run, into: 4), groups: 1, units)
    let layout = self.layout(isBatched: true, isSparse: blocks != nil)
    let tables = LayerTables(
      layout: layout, pixels: try memory.store(imageOffsets(count)), windowCount: 1, windowPixels: 1,
      outputChannels: units, stage: outputStage(group))
    let steps = WindowGeometry.cut(run, into: layout.packing.stepInputs)
    return try weightedStep(group, blocks, steps, groups: 1, tables, padding: nil, isBatched: true)
  }

  private func layout(isBatched: Bool, isSparse: Bool) -> PanelLayout {
    if isSparse { return kernels.sparseLayout }
    return isBatched ? kernels.denseLayout : kernels.layout
  }

  /// A convolution or dense layer, block-sparse where there are `blocks`.
  private func weightedStep(
    _ group: FusedNodes, _ blocks: SparseBlocks?, _ steps: [WindowStep], groups: Int, _ tables: LayerTables,
    padding: PaddedCopy?, words: WordImage? = nil, isBatched: Bool
  ) throws(PrepareError) -> (step: Step, kernel: KernelName) {
    let index = group.nodes[0]
    if let blocks {
      let (panel, microkernel) = try sparsePanel(index, blocks.groups, tables)
      let step = try layerStep(group, [panel], microkernel, tables, padding: padding, isBatched: isBatched)
      return (step, KernelName(table.sparse.name))
    }
    let panels = try panels(index, steps, groups: groups, tables, isBatched: isBatched)
    let step = try layerStep(group, panels, .dense, tables, padding: padding, words: words, isBatched: isBatched)
    let name = isBatched && kernels.hasDense ? table.dense.name : table.conv.name
    return (step, KernelName(name))
  }

  private func layerStep(
    _ group: FusedNodes, _ panels: [Panel], _ microkernel: Microkernel, _ tables: LayerTables, padding: PaddedCopy?,
    words: WordImage? = nil, isBatched: Bool
  ) throws(PrepareError) -> Step {
    let input = model.nodes[group.nodes[0]].inputs[0]
    let cost = cost(panels, microkernel)
    let step = ConvolutionStep(
      kernels: kernels.functions, panels: try memory.store(panels), panelCount: panels.count, microkernel: microkernel,
      input: buffer(input), output: buffer(group.output), inputStride: byteCount(input),
      outputStride: byteCount(group.output), padding: padding, words: words, isBatched: isBatched,
      splitsChannels: isBatched || cost.weightCount > byteCount(input) && panels.count >= 8)
    return try memory.step(
      step, ConvolutionStep.functions(nanoseconds: cost.nanoseconds, isBatched: isBatched))
  }

  /// The steps over a `WordImage` where they are so many fewer that writing it pays.
  private func wordSteps(_ geometry: WindowGeometry, pixels: Int, filters: Int) -> [WindowStep]? {
    // Fewer rows than a word has bytes save nothing.
    guard geometry.plan.window.kernel.height >= 4, table.interleave.run != nil,
      let byteCount = geometry.paddedByteCount,
      byteCount <= 1 << 20
    else { return nil }
    let steps = geometry.wordSteps(byteCount: byteCount)
    let saved = geometry.steps(groups: 1, of: 4).count - steps.count
    let vectors = (filters + kernels.layout.lanes - 1) / kernels.layout.lanes
    // A step takes about a cycle per pixel and vector, 16 words of either kind six to write.
    return saved * pixels * vectors > 2 * byteCount ? steps : nil
  }

  /// The first byte of each image of the largest chunk.
  private func imageOffsets(_ byteCount: Int) -> [Int32] {
    // No chunk is larger: an image's arena takes at least its bytes. Past 2^31 bytes the arena is refused.
    let most = min(maxBatch, max(PreparedModel.preferredArena / byteCount, PreparedModel.smallestChunk))
    return (0..<most).map { Int32(truncatingIfNeeded: $0 * byteCount) }
  }

  /// The clamp of the group's first node and of the activations folded into it.
  func outputStage(_ group: FusedNodes) -> OutputStage {
    let first = model.nodes[group.nodes[0]]
    var stage = OutputStage(first.op.fusedActivation, output(of: first))
    for index in group.activations {
      let node = model.nodes[index]
      stage = stage.clamped(to: OutputStage(node.op.fusedActivation, output(of: node)))
    }
    return stage
  }

  func packer(_ index: Int, _ steps: [WindowStep], _ outputChannels: Int, _ layout: PanelLayout) -> WeightPacker {
    let weights = model.nodes[index].parameters[0]
    return WeightPacker(
      layout: layout, weights: weights.int8s ?? [], filterCount: weights.count / outputChannels, steps: steps)
  }

  func arguments(_ tables: LayerTables) -> swl_conv_args {
    var arguments = swl_conv_args()
    arguments.pixels = tables.pixels
    arguments.window_count = tables.windowCount
    arguments.window_pixels = tables.windowPixels
    arguments.y_stride = tables.outputChannels * tables.stage.elementByteCount
    arguments.stores_s32 = tables.stage.storesInt32
    return arguments
  }

  func requantization(
    _ bias: [Int32], _ multipliers: [FixedPointMultiplier], width: Int, _ stage: OutputStage
  ) throws(PrepareError) -> swl_requantization {
    // Lanes past the channels get a harmless multiplier: nobody stores them.
    let rest = width - multipliers.count
    let zeros = [Int32](repeating: 0, count: rest)
    return swl_requantization(
      bias: try memory.store(bias + zeros),
      mantissa: try memory.store(multipliers.map { $0.mantissa } + zeros),
      shift: try memory.store(multipliers.map { $0.shift } + zeros.map { _ in 33 }),
      zero_point: stage.zeroPoint, lo: stage.lo, hi: stage.hi,
      high_half: multipliers.allSatisfy { $0.shift >= 33 })
  }
}
