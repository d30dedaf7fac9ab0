/// The filters of a layer that a kernel for few output channels computes, the steps of theirs and their layout.
struct FewFilters {
  let count: Int
  let runs: [WindowStep]
  let layout: PanelLayout
}

extension ProgramBuilder {
  /// The filters past the last whole vector of so many, where reading 64 inputs at a time takes less time than a vector
  /// with as few channels, four inputs at a time.
  func fewFilters(of filterCount: Int, _ steps: [WindowStep]) -> FewFilters? {
    let count = filterCount % kernels.layout.lanes
    guard kernels.few != nil, 1...4 ~= count, steps.allSatisfy({ $0.distance == 1 }) else { return nil }
    let layout = PanelLayout(packing: .runs, lanes: count > 2 ? 4 : 2, vectors: 1)
    let runs = WindowGeometry.cut(WindowGeometry.joined(steps), into: layout.packing.stepInputs)
    // Half cycles a pixel, measured (Zen 4).
    let few = count > 2 ? 9 * runs.count + 24 : 5 * runs.count + 20
    return few < 2 * steps.count + 4 ? FewFilters(count: count, runs: runs, layout: layout) : nil
  }
}
