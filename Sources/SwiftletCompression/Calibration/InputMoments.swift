import SwiftletFloat
import SwiftletModel

/// First and second moments of what the filters of one layer see: patches of a convolution, or a dense layer's input.
///
/// They turn an error of the weights into an error of the output: its mean is the errors times `mean` (bias
/// correction), its square the errors' quadratic form under `gram` (error-compensated rounding).
final class InputMoments: @unchecked Sendable {
  /// Weights of one filter.
  let length: Int
  private(set) var count = 0
  private let sums: FloatBuffer
  private let products: FloatBuffer?
  private let patches: FloatBuffer
  private let addresses: [UnsafePointer<Float>?]

  /// The most pixels of one image that take part; they lie evenly over it.
  static let pixelsPerImage = 48
  /// Above this many weights a filter, `gram` is not gathered: it would take over 100 MB.
  static let largestGram = 4096

  init(length: Int, wantsGram: Bool) {
    self.length = length
    sums = FloatBuffer(length)
    products = wantsGram && length <= InputMoments.largestGram ? FloatBuffer(length * length) : nil
    patches = FloatBuffer(length * InputMoments.pixelsPerImage)
    let start = patches.pointer
    addresses = (0..<InputMoments.pixelsPerImage).map { UnsafePointer(start + $0 * length) }
  }

  /// The mean of each of a filter's inputs.
  var mean: [Double] { sums.array.map { Double($0) / Double(max(count, 1)) } }

  /// The mean products of a filter's inputs, `[length][length]`; nil where not gathered.
  var gram: [Double]? { products.map { $0.array.map { Double($0) / Double(max(count, 1)) } } }

  /// Adds one image, NHWC, as a node of operator `op` sees it. Layers in groups are not observed.
  func add(_ image: UnsafePointer<Float>, _ shape: Shape, _ op: Operator) {
    guard let plan = op.weightWindow(on: shape) else { return }
    let pixels = plan.output.height * plan.output.width
    let rows = min(pixels, InputMoments.pixelsPerImage)
    for row in 0..<rows {
      let pixel = (2 * row + 1) * pixels / (2 * rows)
      copyPatch(
        image, shape, plan, y: pixel / plan.output.width, x: pixel % plan.output.width,
        to: patches.pointer + row * length)
    }
    FloatKernels.best.addRows(addresses.prefix(rows), length: length, to: sums)
    if let products { FloatKernels.best.addProducts(addresses, count: rows, length: length, to: products) }
    count += rows
  }

  private func copyPatch(
    _ image: UnsafePointer<Float>, _ shape: Shape, _ plan: WindowPlan, y: Int, x: Int,
    to patch: UnsafeMutablePointer<Float>
  ) {
    let channels = shape.channels
    var target = patch
    for ky in 0..<plan.rows.kernel {
      let row = plan.rows.position(y, ky)
      for kx in 0..<plan.columns.kernel {
        let column = plan.columns.position(x, kx)
        if (0..<shape.height).contains(row), (0..<shape.width).contains(column) {
          target.update(from: image + (row * shape.width + column) * channels, count: channels)
        } else {
          target.update(repeating: 0, count: channels)
        }
        target += channels
      }
    }
  }
}

extension Operator {
  /// The weights of one filter where all filters see the same input; nil for layers in groups and without weights.
  func filterLength(for input: Shape) -> Int? {
    guard isWeighted, traits(on: input).groups == 1 else { return nil }
    let weights = parameterSpecs(for: input)[0]
    return weights.count / weights.shape[0]
  }
}
