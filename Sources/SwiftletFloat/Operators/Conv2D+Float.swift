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
    let taps = window.kernel.height * window.kernel.width
    let depth = input.channels / groups
    let filtersPerGroup = filters / groups
    plan.forEachPosition { position in
      for filter in 0..<filters {
        let firstChannel = filter / filtersPerGroup * depth
        body(position.output * filters + filter, filter) { visit in
          plan.forEachTap(of: position) { pixel, tap in
            let (x, w) = (pixel * input.channels + firstChannel, (filter * taps + tap) * depth)
            for c in 0..<depth { visit(x + c, w + c) }
          }
        }
      }
    }
  }
}
