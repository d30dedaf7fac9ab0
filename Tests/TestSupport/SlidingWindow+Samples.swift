import SwiftletModel

extension SlidingWindow {
  /// Windows around every corner of the geometry.
  package static let samples: [SlidingWindow] = [
    SlidingWindow(kernel: Size2D(2), stride: Size2D(2)),
    SlidingWindow(kernel: Size2D(3), padding: .sameUpper),
    SlidingWindow(kernel: Size2D(3), stride: Size2D(2), padding: .sameLower),
    SlidingWindow(kernel: Size2D(height: 2, width: 3), stride: Size2D(height: 1, width: 2), padding: .uniform(1)),
    SlidingWindow(kernel: Size2D(2), dilation: Size2D(2), padding: .valid),
    SlidingWindow(kernel: Size2D(3), stride: Size2D(2), roundsUp: true),
    SlidingWindow(
      kernel: Size2D(3), stride: Size2D(2), padding: .explicit(top: 0, left: 1, bottom: 2, right: 0), roundsUp: true),
  ]

  package init(_ kernel: Int, stride: Int = 1, dilation: Int = 1, padding: Padding = .valid, roundsUp: Bool = false) {
    self.init(
      kernel: Size2D(kernel), stride: Size2D(stride), dilation: Size2D(dilation), padding: padding, roundsUp: roundsUp)
  }
}
