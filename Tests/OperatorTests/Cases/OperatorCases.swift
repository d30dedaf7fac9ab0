import SwiftletModel
import TestSupport

// Every member of every family with the attributes that matter, on images just large enough for them.

extension OperatorCase {
  private static func image(_ channels: Int) -> Shape { Shape(height: 5, width: 6, channels: channels) }

  private static let bounded = Activation.boundedReLU(TestNetwork.scale(6))
  private static let activations: [Activation] = [.none, .relu, bounded]

  /// Every geometry with one filter group, two, and one for each channel; then channels around the widths of a vector,
  /// depthwise with several filters for a channel, and 32-bit outputs.
  static let convolutions: [OperatorCase] = {
    var cases: [OperatorCase] = []
    for (index, window) in SlidingWindow.samples.enumerated() {
      for groups in [1, 2, 4] {
        let conv = Conv2D(filters: 4, window: window, groups: groups, activation: activations[(index + groups) % 3])
        cases.append(
          OperatorCase("window \(index), groups \(groups)", .conv2D(conv), on: [image(4)], to: .spread(.uint8)))
      }
    }
    let small = Shape(height: 3, width: 4, channels: 1)
    for (channels, filters) in [(1, 1), (1, 16), (3, 5), (5, 17), (16, 3), (17, 4)] {
      var shape = small
      shape.channels = channels
      let conv = Conv2D(filters: filters, window: SlidingWindow(2), activation: activations[filters % 3])
      cases.append(OperatorCase("\(channels) to \(filters)", .conv2D(conv), on: [shape], to: .spread(.uint8)))
    }
    for (channels, multiplier) in [(1, 3), (3, 1), (5, 2), (16, 1), (17, 1)] {
      var shape = small
      shape.channels = channels
      let conv = Conv2D.depthwise(
        channels: channels, multiplier: multiplier, window: SlidingWindow(2, padding: .sameUpper))
      cases.append(
        OperatorCase("depthwise \(channels) x \(multiplier)", .conv2D(conv), on: [shape], to: .spread(.uint8)))
    }
    let everything = SlidingWindow(
      kernel: Size2D(height: 3, width: 2), stride: Size2D(2), dilation: Size2D(height: 2, width: 3),
      padding: .explicit(top: 2, left: 1, bottom: 1, right: 2))
    cases.append(
      OperatorCase(
        "everything at once", .conv2D(Conv2D(filters: 6, window: everything, groups: 2)), on: [image(4)],
        to: .spread(.uint8)))
    let wide = Conv2D(filters: 5, window: SlidingWindow(3, padding: .sameUpper), activation: .relu)
    cases.append(OperatorCase("of 32 bits", .conv2D(wide), on: [image(3)], to: .spread(.int32)))
    return cases
  }()

  static let dense: [OperatorCase] = [
    (Shape(vector: 1), 1), (Shape(vector: 3), 16), (Shape(vector: 17), 5), (Shape(height: 2, width: 3, channels: 5), 4),
    (Shape(vector: 16), 17),
  ].enumerated().map { index, entry in
    OperatorCase(
      "\(entry.0.count) to \(entry.1)", .dense(Dense(units: entry.1, activation: activations[index % 3])),
      on: [entry.0], to: .spread(index == 4 ? .int32 : .uint8))
  }

  private static let pooledWindows =
    SlidingWindow.samples + [
      SlidingWindow(2, stride: 3, padding: .uniform(1), roundsUp: true), SlidingWindow(3, stride: 2),
      SlidingWindow(3, stride: 2, padding: .uniform(1)), SlidingWindow(2, stride: 2, dilation: 2),
      SlidingWindow(kernel: Size2D(height: 5, width: 6)),
      SlidingWindow(
        kernel: Size2D(height: 2, width: 3), stride: Size2D(height: 1, width: 2),
        padding: .explicit(top: 1, left: 2, bottom: 0, right: 1)),
    ]

  /// Every reduction over every geometry. Where a divisor means something: covered cells, counted padding, and divisors
  /// below, at and far above the cells. Where the output may have a scale of its own: with and without.
  static let pools: [OperatorCase] = Pool2D.Reduction.allCases.flatMap { reduction in
    pooledWindows.enumerated().flatMap { index, window in
      let divisors: [(countsPadding: Bool, divisor: Int?)] =
        reduction.hasDivisor
        ? [(false, nil), (true, nil), (false, 1), (true, 3), (false, 100), (false, 1 << 25)] : [(false, nil)]
      return divisors.enumerated().flatMap { position, entry in
        let pool = Pool2D(
          reduction, window: window, countsPadding: entry.countsPadding, divisorOverride: entry.divisor)
        let hasOwnScale = pool.reduction.quantizationRule != .inheritsInput
        let own = Output.stated(Quantization(scale: TestNetwork.scale(0.013), zeroPoint: 99))
        return (hasOwnScale ? [.inherited, own] : [.inherited]).enumerated().map { scale, output in
          OperatorCase(
            "window \(index), divisor \(position), scale \(scale)", .pool2D(pool),
            on: [image([1, 3, 4, 5][(index + position) % 4])], to: output)
        }
      }
    }
  }

  static let joints: [OperatorCase] =
    [
      (0.02, Activation.none), (0.5, .relu), (1e-4, .boundedReLU(.one)), (0.06, bounded), (0.02, .relu),
    ].enumerated().flatMap { index, entry in
      [
        OperatorCase(
          "at scale \(entry.0), activation \(index)", .add(Add(activation: entry.1)),
          on: [image(4 - index % 2), image(4 - index % 2)],
          to: .stated(Quantization(scale: TestNetwork.scale(entry.0), zeroPoint: index == 4 ? 0 : 128)))
      ]
    } + [
      OperatorCase("of unlike scales", .concat(Concat()), on: [image(5), image(1), image(17)]),
      OperatorCase(
        "of one scale", .concat(Concat()), on: [image(3), image(16)],
        from: [Quantization](repeating: .image, count: 2)),
      OperatorCase(
        "into a scale of its own", .concat(Concat()), on: [image(1), image(2), image(4)],
        to: .stated(Quantization(scale: TestNetwork.scale(0.008), zeroPoint: 110))),
    ]

  static let others: [OperatorCase] = [
    OperatorCase("none", .activation(.none), on: [image(3)], to: .stated(quantizations[1])),
    OperatorCase("relu", .activation(.relu), on: [image(5)]),
    OperatorCase(
      "bounded", .activation(bounded), on: [image(1)],
      to: .stated(Quantization(scale: TestNetwork.scale(0.04), zeroPoint: 3))),
    OperatorCase("an image", .reshape(.flatten), on: [image(3)]),
    OperatorCase("into an image", .reshape(.to(Shape(height: 2, width: 15, channels: 4))), on: [image(4)]),
    OperatorCase("into a vector", .reshape(.to(Shape(vector: 17))), on: [Shape(vector: 17)]),
    OperatorCase("of a vector", .softmax(Softmax()), on: [Shape(vector: 5)]),
    OperatorCase("of pixels", .softmax(Softmax()), on: [image(4)]),
    OperatorCase("of pixels", .batchNorm(BatchNorm(epsilon: 0.01)), on: [image(3)]),
    OperatorCase("of vectors", .batchNorm(BatchNorm(momentum: 0.5)), on: [Shape(vector: 4)]),
    OperatorCase("of a quarter", .dropout(Dropout(rate: 0.25)), on: [image(4)]),
    OperatorCase("of nothing", .dropout(Dropout(rate: 0)), on: [image(1)]),
  ]

  /// The same case with `channels` channels at each input, nil where the operator or its shapes set their number.
  func widened(to channels: Int) -> OperatorCase? {
    switch traits.channels {
    case .passes, .ties, .passesAll: break
    case .makes, .makesOneFromOne, .makesInGroups, .concatenates, .repeatsForPixels, .reorders: return nil
    }
    let wide = shapes.map { Shape(height: $0.height, width: $0.width, channels: channels) }
    return OperatorCase(name, op, on: wide, from: quantizations, to: output)
  }
}
