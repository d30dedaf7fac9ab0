import CSwiftletKernels

extension ProgramBuilder {
  /// The filters past the last whole vector of so many, where reading 64 inputs at a time takes less time than a vector
  /// with as few channels, four inputs at a time.
  func narrowKernel(of filterCount: Int, _ wide: WeightPacker) -> (count: Int, kernel: PanelKernel)? {
    let count = filterCount % wide.layout.lanes
    let steps = wide.steps
    guard let function = table.narrow.run, 1...4 ~= count, steps.allSatisfy({ $0.distance == 1 }) else { return nil }
    let layout = PanelLayout(packing: .runs, lanes: count > 2 ? 4 : 2, vectors: 1)
    let runs = WindowGeometry.cut(WindowGeometry.joined(steps), into: layout.packing.stepInputs)
    // Half cycles a pixel, measured (Zen 4).
    let time = count > 2 ? 9 * runs.count + 24 : 5 * runs.count + 20
    guard time < 2 * steps.count + 4 else { return nil }
    let packer = WeightPacker(layout: layout, weights: wide.weights, filterCount: wide.filterCount, steps: runs)
    return (count, PanelKernel(function: function, packer: packer))
  }
}
