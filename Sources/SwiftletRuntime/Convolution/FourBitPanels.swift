import CSwiftletKernels

extension ProgramBuilder {
  /// The kernel for weights of four bits, where reading a layer's weights takes longer than computing with them: they do
  /// not fit the first-level cache.
  func fourBitKernel(_ wide: WeightPacker) -> PanelKernel? {
    // The kernel's sums are 16 times as large: 16 * 8 * 255 for each weight stays below 2^31.
    guard let function = table.four_bit.run, wide.weights.count > 1 << 15, wide.filterCount <= 1 << 16 else {
      return nil
    }
    let layout = PanelLayout(packing: .nibbles, lanes: wide.layout.lanes, vectors: wide.layout.vectors)
    let packer = WeightPacker(layout: layout, weights: wide.weights, filterCount: wide.filterCount, steps: wide.steps)
    return PanelKernel(function: function, packer: packer)
  }
}
