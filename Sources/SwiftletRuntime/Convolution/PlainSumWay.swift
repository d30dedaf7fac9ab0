import CSwiftletKernels
import SwiftletModel

extension ConvolutionWay {
  /// The sum of products as it stands, by panels of output channels; fits every layer.
  static func plainSum(_ layer: ConvolutionLayer) -> ConvolutionWay? {
    ConvolutionWay(cost: 1) { () throws(PrepareError) in
      let builder = layer.builder
      return (try layer.denseStep(builder.kernels.layout), KernelName(builder.table.conv.name))
    }
  }

  /// The plain sum of layers of one window per image, the images of a chunk being the pixels of one call: dense layers,
  /// and convolutions whose window covers the image. Its kernel may be another.
  static func batchedDense(_ layer: ConvolutionLayer) -> ConvolutionWay? {
    guard layer.isBatched else { return nil }
    return ConvolutionWay(cost: 1) { () throws(PrepareError) in
      let builder = layer.builder
      let table = builder.table
      return (
        try layer.denseStep(builder.kernels.denseLayout),
        KernelName(builder.kernels.hasDense ? table.dense.name : table.conv.name)
      )
    }
  }
}

extension ConvolutionLayer {
  fileprivate func denseStep(_ layout: PanelLayout) throws(PrepareError) -> Step {
    let padding = try padding(inputByteCount: layout.packing.inputByteCount)
    let tables = try tables(layout, cellByteCount: layout.packing.inputByteCount)
    let steps = geometry.steps(groups: conv.groups, of: layout.packing.stepInputs)
    let panels = try builder.panels(index, steps, groups: conv.groups, tables, isBatched: isBatched)
    return try step(panels, .dense, padding: padding)
  }
}
