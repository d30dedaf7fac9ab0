import CSwiftletKernels

/// Rough times, only to tell steps that are worth sharing among threads from others.
extension ProgramBuilder {
  /// About what a panel's kernels take for one image, and the weights they read.
  func cost(
    _ panels: [Panel], _ microkernel: Microkernel
  ) -> (nanoseconds: Int, weightCount: Int) {
    var operations = 0
    var weightCount = 0
    for panel in panels {
      let arguments = panel.arguments
      let width = panel.stepWeightCount
      weightCount += arguments.step_count * width
      operations += arguments.window_count * arguments.window_pixels * arguments.step_count * width
    }
    if case .depthwise = microkernel { return (nanoseconds(operations: operations), weightCount) }
    // A vector of `lanes` channels takes four products a lane in about a cycle, on two or three pipes.
    return (operations / (12 * kernels.layout.lanes), weightCount)
  }

  /// For kernels that take one byte per lane at a time, some three instructions each.
  func nanoseconds(operations: Int) -> Int { operations / (3 * kernels.layout.lanes) }
}
