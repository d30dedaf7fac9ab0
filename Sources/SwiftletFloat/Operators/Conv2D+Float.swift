import SwiftletModel

extension Conv2D {
  /// y[o, f] = activation(bias[f] + sum over taps and channels of x * weights) for one sample; the plain definition.
  package func forward(
    _ x: Span<Float>, weights: Span<Float>, bias: Span<Float>, into y: inout MutableSpan<Float>, _ plan: WindowPlan
  ) {
    let bounds = activation.bounds
    forEachOutput(plan) { output, filter, inputs in
      var sum = bias[filter]
      inputs { xIndex, wIndex in sum += x[xIndex] * weights[wIndex] }
      y[output] = max(bounds.low, min(bounds.high, sum))
    }
  }

  /// Adds the gradients of `forward`, whose output was `y`, to `dx`, `dWeights` and `dBias`.
  ///
  /// The activation passes a gradient where its output lies strictly between its bounds.
  package func backward(
    _ x: Span<Float>, y: Span<Float>, weights: Span<Float>, dy: Span<Float>, addingTo dx: inout MutableSpan<Float>,
    _ dWeights: inout MutableSpan<Float>, _ dBias: inout MutableSpan<Float>, _ plan: WindowPlan
  ) {
    let bounds = activation.bounds
    forEachOutput(plan) { output, filter, inputs in
      guard y[output] > bounds.low, y[output] < bounds.high else { return }
      let g = dy[output]
      dBias[filter] += g
      inputs { xIndex, wIndex in
        dx[xIndex] += g * weights[wIndex]
        dWeights[wIndex] += g * x[xIndex]
      }
    }
  }

  /// Visits each output element with its filter and a walk over the (input, weight) indexes that meet there.
  private func forEachOutput(
    _ plan: WindowPlan, _ body: (_ output: Int, _ filter: Int, _ inputs: ((Int, Int) -> Void) -> Void) -> Void
  ) {
    let input = plan.input
    let kernel = window.kernel
    let depth = input.channels / groups
    let filtersPerGroup = filters / groups
    for oy in 0..<plan.output.height {
      for ox in 0..<plan.output.width {
        for filter in 0..<filters {
          let firstChannel = filter / filtersPerGroup * depth
          body((oy * plan.output.width + ox) * filters + filter, filter) { visit in
            for ky in plan.rows.taps(oy) {
              for kx in plan.columns.taps(ox) {
                let pixel = plan.rows.position(oy, ky) * input.width + plan.columns.position(ox, kx)
                let tap = (filter * kernel.height + ky) * kernel.width + kx
                for c in 0..<depth { visit(pixel * input.channels + firstChannel + c, tap * depth + c) }
              }
            }
          }
        }
      }
    }
  }
}
