import CSwiftletKernels
import SwiftletModel

extension ConvolutionWay {
  /// Kernels of four rows or more over an image written out as words, of which some hold a byte of each of four rows: a
  /// step then has four inputs where the end of a row would leave some of it empty. Pays where the steps are so many
  /// fewer that writing the image pays.
  static func interleavedRows(_ layer: ConvolutionLayer) -> ConvolutionWay? {
    let builder = layer.builder
    let geometry = layer.geometry
    // Fewer rows than a word has bytes save nothing.
    guard !layer.isDepthwise, !layer.isBatched, layer.blocks == nil, layer.conv.groups == 1,
      geometry.plan.window.kernel.height >= 4, let kernel = builder.table.interleave.run,
      let byteCount = geometry.paddedByteCount, byteCount <= 1 << 20
    else { return nil }
    let steps = geometry.interleavedSteps(byteCount: byteCount)
    let plainSteps = geometry.steps(groups: 1, of: 4).count
    let layout = builder.kernels.layout
    let vectors = (layer.conv.filters + layout.lanes - 1) / layout.lanes
    // A step takes about a cycle per pixel and vector, 16 words of either kind six to write.
    let perStep = layer.windowCount * layer.windowPixels * vectors
    guard (plainSteps - steps.count) * perStep > 2 * byteCount else { return nil }
    let cost = Double(steps.count * perStep + 2 * byteCount) / Double(plainSteps * perStep)
    return ConvolutionWay(cost: cost) { () throws(PrepareError) in
      let padding = try layer.padding(inputByteCount: layout.packing.inputByteCount)
      let interleaved = InterleavedImage(
        kernel: kernel, buffer: builder.addScratch(byteCount: 8 * byteCount), byteCount: byteCount,
        rowStep: geometry.rowStep)
      let tables = try layer.tables(layout, cellByteCount: 4)
      let panels = try builder.panels(layer.index, steps, groups: 1, tables, isBatched: false)
      return (
        try layer.step(panels, .dense, padding: padding, interleaved: interleaved), KernelName(builder.table.conv.name)
      )
    }
  }
}
