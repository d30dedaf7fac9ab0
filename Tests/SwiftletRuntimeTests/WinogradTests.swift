import SwiftletModel
import TestSupport
import Testing

import SwiftletRuntime

/// Convolutions through a Winograd transform, and dense layers in 16-bit sums, give the plain kernels' bytes.
@Suite struct WinogradTests {
  /// The name of the kernel that computes the first step.
  private func kernel(_ model: Model, _ table: String) throws -> String {
    let prepared = try PreparedModel(model, kernels: Tables.table(table))
    return String(decoding: prepared.steps[0].kernel, as: UTF8.self)
  }

  private func usesWinograd(_ model: Model, _ table: String) throws -> Bool {
    try kernel(model, table).hasPrefix("winograd")
  }

  private func convolution(
    _ height: Int, _ width: Int, _ channels: Int, _ filters: Int, padding: Padding = .valid, groups: Int = 1,
    pooled: Bool = false, element: ElementType = .uint8, seed: UInt64 = 1
  ) throws -> Model {
    var network = TestNetwork(seed: seed)
    let input = network.input(
      Shape(height: height, width: width, channels: channels), zeroPoint: Int(seed * 37 % 256))
    let conv = Conv2D(filters: filters, window: SlidingWindow(3, padding: padding), groups: groups)
    var output = try network.weighted(
      .conv2D(conv), input, element: element, spread: element == .int32 ? 1e6 : 25)
    if pooled { output = try network.add(.pool2D(Pool2D(.max, window: SlidingWindow(2, stride: 2))), [output]) }
    return try network.build([output])
  }

  /// Channels around every vector and panel; extents around every tile, block of tiles and group of six.
  @Test(arguments: Tables.names)
  func everyShape(_ table: String) throws {
    var random = SplitMix64(seed: 11)
    var transformed: [String: Int] = [:]
    for seed in 0..<160 {
      func pick(_ range: ClosedRange<Int>) -> Int { range.lowerBound + Int(random.next() % UInt64(range.count)) }
      let padding: Padding = [.valid, .sameUpper, .uniform(1), .uniform(2)][pick(0...3)]
      let pooled = pick(0...1) == 1
      let model = try convolution(
        pick(4...19), pick(4...19), pick(16...70), pick(1...70), padding: padding, pooled: pooled,
        element: !pooled && pick(0...1) == 0 ? .int32 : .uint8, seed: UInt64(seed))
      try expectEqual(model, table)
      transformed[try kernel(model, table), default: 0] += 1
    }
    if ["avx2", "avx512vnni"].contains(table) { #expect(transformed["winograd4x4_u8s8__\(table)", default: 0] > 40) }
  }

  /// Sums too large for tiles of four take those of two, where a table has them.
  @Test(arguments: Tables.names)
  func everyShapeOfLargeSums(_ table: String) throws {
    var random = SplitMix64(seed: 12)
    func pick(_ range: ClosedRange<Int>) -> Int { range.lowerBound + Int(random.next() % UInt64(range.count)) }
    for seed in 0..<24 {
      var model = try convolution(
        pick(7...13), pick(7...13), pick(150...160), pick(8...40), padding: [.valid, .sameUpper][pick(0...1)],
        pooled: pick(0...1) == 1, seed: UInt64(seed))
      setWeights(&model) { i in Int8(i % 7 == 0 ? -20 : 121 + i % 6) }
      try expectEqual(model, table, isVaried: false)
      if table == "avx2" { #expect(try kernel(model, table) == "winograd2x2_u8s8__avx2") }
      if table == "avx512vnni" { #expect(try !usesWinograd(model, table)) }
    }
  }

  /// Every last tile, whole, half or cut short, along both axes, of one image and of several that share the weights.
  @Test(arguments: Tables.names, 5...15)
  func everyLastTile(_ table: String, _ height: Int) throws {
    for width in 5...15 {
      let pooled = (height + width) % 3 == 0
      let model = try convolution(height, width, 33, 20, pooled: pooled, seed: UInt64(width))
      try expectEqual(model, table, batch: 1 + width % 4 * 3)
    }
  }

  /// Threads that share the rows of tiles of one image, whose last row of tiles is any of the above.
  @Test(arguments: Tables.names)
  func tileRowsAreShared(_ table: String) throws {
    for side in 30...33 {
      for padding in [Padding.valid, .sameUpper] {
        let model = try convolution(side, side, 64, 60, padding: padding)
        let images = model.randomInput(batch: 1, seed: 9)
        let expected = try model.output(.reference, images)
        let prepared = try PreparedModel(model, kernels: Tables.table(table))
        #expect(prepared.sharedNanoseconds > 0)
        #expect(try model.outputs(Tables.table(table), [images], batch: 1, threads: 2)[0] == expected)
      }
    }
  }

  @Test(arguments: Tables.names)
  func groups(_ table: String) throws {
    for (channels, filters, groups) in [(32, 16, 2), (51, 30, 3), (64, 66, 2), (80, 40, 4)] {
      for pooled in [false, true] {
        try expectEqual(
          convolution(8, 9, channels, filters, padding: .sameUpper, groups: groups, pooled: pooled), table)
      }
    }
  }

  /// Windows that are not whole tiles, and pools that are not the tiles, take the direct kernel.
  @Test(arguments: Tables.names)
  func otherPools(_ table: String) throws {
    for pool in [
      SlidingWindow(2, stride: 2, roundsUp: true), SlidingWindow(2, stride: 2, padding: .uniform(1)),
      SlidingWindow(3, stride: 2), SlidingWindow(3, stride: 3), SlidingWindow(2, stride: 1),
    ] {
      var network = TestNetwork(seed: 3)
      let input = network.input(Shape(height: 9, width: 11, channels: 24), zeroPoint: 99)
      let conv = try network.weighted(.conv2D(Conv2D(filters: 20, window: SlidingWindow(3))), input)
      let output = try network.add(.pool2D(Pool2D(.max, window: pool)), [conv])
      try expectEqual(network.build([output]), table)
    }
  }

  private func setWeights(_ model: inout Model, _ weight: (Int) -> Int8) {
    let count = model.nodes[0].parameters[0].count
    model.nodes[0].parameters[0].storage = .int8((0..<count).map(weight))
  }

  /// The largest products: every transformed value at its bound, of either sign, and sums that pass 2^31 on the way.
  @Test(arguments: Tables.names)
  func extremeValues(_ table: String) throws {
    for element in [ElementType.uint8, .int32] {
      for channels in [16, 256, 1500] {
        var model = try convolution(6, 6, channels, 18, element: element)
        let perFilter = 9 * channels
        // All 127, all -127, and the sign patterns that make the transforms' differences largest.
        setWeights(&model) { i in
          let (filter, tap) = (i / perFilter, i % perFilter / channels)
          switch filter % 6 {
          case 0: return 127
          case 1: return -127
          case 2: return tap % 2 == 0 ? 127 : -127
          case 3: return tap / 3 % 2 == 0 ? -127 : 127
          case 4: return i % 2 == 0 ? 127 : -127
          default: return tap % 3 == 1 ? 127 : -127
          }
        }
        var image = [UInt8](repeating: 255, count: 36 * channels)
        try expectEqual(model, table, batch: 1, image: image)
        for i in image.indices where (i / channels % 6 + i / channels / 6) % 2 == 0 { image[i] = 0 }
        try expectEqual(model, table, batch: 1, image: image)
        for i in image.indices { image[i] = i / channels % 6 % 3 == 1 ? 255 : 0 }
        try expectEqual(model, table, batch: 1, image: image)
      }
    }
  }

  /// From 2^25 on 64 times an accumulator no longer fits 32 bits, from 2^29 on not even 4 times: smaller tiles, then the
  /// direct kernel.
  @Test(arguments: Tables.names)
  func largeSumsTakeSmallerTilesOrNone(_ table: String) throws {
    for (channels, expected) in [
      (115, "winograd4x4_u8s8__avx2"), (116, "winograd2x2_u8s8__avx2"), (1841, "winograd2x2_u8s8__avx2"),
      (1843, "conv_u8s8__avx2"),
    ] {
      let side = channels < 1000 ? 14 : 6
      var model = try convolution(side, side, channels, 8, element: .int32)
      for weight: Int8 in [127, -127] {
        setWeights(&model) { _ in weight }
        try expectEqual(model, table, batch: 1, image: [UInt8](repeating: 255, count: side * side * channels))
      }
      if table == "avx2" { #expect(try kernel(model, table) == expected) }
      if table == "avx512vnni" { #expect(try usesWinograd(model, table) == (channels == 115)) }
    }
  }

  /// A transform that costs more than it saves is not chosen.
  @Test(arguments: Tables.names)
  func smallLayersAreNotTransformed(_ table: String) throws {
    #expect(try !usesWinograd(convolution(3, 3, 64, 64), table))
    #expect(try !usesWinograd(convolution(12, 12, 15, 64), table))
    if table == "avx512vnni" { #expect(try !usesWinograd(convolution(6, 6, 16, 16), table)) }
  }

  /// Transforming weights for one image costs more than it saves, until the image is large.
  @Test(arguments: ["avx2", "avx512vnni"].filter { Tables.names.contains($0) })
  func aSingleRunCountsTheTransform(_ table: String) throws {
    for (side, isTransformed) in [(12, false), (112, true)] {
      let model = try convolution(side, side, 64, 64)
      let image = (0..<side * side * 64).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      var outputs: [[UInt8]] = []
      for runsOnce in [false, true] {
        let prepared = try PreparedModel(model, kernels: Tables.table(table), runsOnce: runsOnce)
        let kernel = String(decoding: prepared.steps[0].kernel, as: UTF8.self)
        #expect(kernel.hasPrefix("winograd") == (!runsOnce || isTransformed))
        var output = [UInt8](repeating: 0, count: model.values[model.outputs[0]].shape.count)
        var room = output.mutableSpan
        Session(prepared).run(image.span, into: &room)
        outputs.append(output)
      }
      #expect(outputs[0] == outputs[1])
    }
  }

  /// Pairs of weights around the sums that 16 bits hold, for whole inputs and for their nibbles.
  @Test(arguments: Tables.names, [1, 2, 7, 14, 15, 16, 63, 64, 65, 126, 127])
  func denseSumsDoNotSaturate(_ table: String, _ weight: Int8) throws {
    for inputs in [4, 9, 64, 129, 700] {
      var network = TestNetwork(seed: UInt64(inputs))
      let input = network.input(Shape(vector: inputs))
      let output = try network.weighted(.dense(Dense(units: 37)), input, element: .int32, spread: 1e6)
      var model = try network.build([output])
      for pattern in 0..<5 {
        setWeights(&model) { i in
          switch pattern {
          case 0: weight
          case 1: -weight
          case 2: i % inputs / 2 % 2 == 0 ? weight : -weight
          case 3: i % inputs == inputs / 2 ? 127 : i % 5 == 0 ? -weight : weight
          // Pairs of 64 and 65 in turn: two steps sum to 129, one more than 16 bits hold at 255.
          default: i % inputs % 8 == 5 ? 33 : 32
          }
        }
        for byte in [UInt8(255), 254, 15, 240] {
          try expectEqual(model, table, batch: 1, image: [UInt8](repeating: byte, count: inputs))
        }
        try expectEqual(model, table, batch: 3)
      }
    }
  }
}
