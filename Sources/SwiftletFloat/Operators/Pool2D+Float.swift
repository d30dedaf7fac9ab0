import SwiftletModel

extension Pool2D {
  /// Pools one sample. Under a max window a NaN is the maximum, as in PyTorch.
  package func forward(_ x: Span<Float>, into y: inout MutableSpan<Float>, _ plan: WindowPlan) {
    precondition(x.count == plan.input.count && y.count == plan.output.count, "pooling buffers do not fit the plan")
    let channels = plan.input.channels
    x.withUnsafeBufferPointer { x in
      y.withUnsafeMutableBufferPointer { y in
        forEachWindow(plan) { output, divisor, pixels in
          let out = y.baseAddress! + output * channels
          switch reduction {
          case .max: for c in 0..<channels { out[c] = x[winner(x, pixels, channels, c)] }
          case .average:
            for c in 0..<channels { out[c] = 0 }
            for pixel in pixels { for c in 0..<channels { out[c] += x[pixel &* channels &+ c] } }
            for c in 0..<channels { out[c] /= divisor }
          }
        }
      }
    }
  }

  /// Adds the input gradient of `forward` to `dx`.
  ///
  /// For `.max`, the first maximum in row-major order receives the whole gradient.
  package func backward(
    _ x: Span<Float>, dy: Span<Float>, addingTo dx: inout MutableSpan<Float>, _ plan: WindowPlan
  ) {
    precondition(x.count == plan.input.count && dx.count == x.count, "pooling buffers do not fit the plan")
    let channels = plan.input.channels
    x.withUnsafeBufferPointer { x in
      dy.withUnsafeBufferPointer { dy in
        dx.withUnsafeMutableBufferPointer { dx in
          forEachWindow(plan) { output, divisor, pixels in
            let gradient = dy.baseAddress! + output * channels
            switch reduction {
            case .max: for c in 0..<channels { dx[winner(x, pixels, channels, c)] += gradient[c] }
            case .average:
              for pixel in pixels { for c in 0..<channels { dx[pixel &* channels &+ c] += gradient[c] / divisor } }
            }
          }
        }
      }
    }
  }

  /// Visits each output pixel with its divisor and the input pixels under its window, in row-major order.
  private func forEachWindow(
    _ plan: WindowPlan, _ body: (_ output: Int, _ divisor: Float, _ pixels: UnsafeBufferPointer<Int>) -> Void
  ) {
    // A window covers at most the image, however large its kernel.
    let covered = min(window.kernel.height, plan.input.height) * min(window.kernel.width, plan.input.width)
    withUnsafeTemporaryAllocation(of: Int.self, capacity: covered) { pixels in
      plan.forEachPosition { position in
        var count = 0
        plan.forEachTap(of: position) { pixel, _ in
          pixels[count] = pixel
          count += 1
        }
        body(
          position.output, Float(divisor(plan, position.oy, position.ox)),
          UnsafeBufferPointer(rebasing: pixels[..<count]))
      }
    }
  }

  @inline(__always)
  private func winner(
    _ x: UnsafeBufferPointer<Float>, _ pixels: UnsafeBufferPointer<Int>, _ channels: Int, _ c: Int
  ) -> Int {
    var best = pixels[0] &* channels &+ c
    for i in 1..<max(pixels.count, 1) {
      let at = pixels[i] &* channels &+ c
      if x[at] > x[best] || x[at].isNaN && !x[best].isNaN { best = at }
    }
    return best
  }
}
