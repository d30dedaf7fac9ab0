import SwiftletModel
import SwiftletTraining
import Testing

@Suite struct AugmentationTests {
  private func apply(_ augmentation: Augmentation, _ image: [UInt8], _ side: Int, channels: Int = 1, seed: UInt64 = 1)
    -> [UInt8]
  {
    var output = [UInt8](repeating: 77, count: image.count)
    var generator = Augmentation.generator(seed: seed, epoch: 3, index: 5)
    var span = output.mutableSpan
    augmentation.apply(
      to: image.span, height: side, width: side, channels: channels, into: &span, using: &generator)
    return output
  }

  private func noise(_ count: Int) -> [UInt8] {
    var generator = SplitMix64(seed: 4)
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
  }

  @Test(arguments: [1, 3]) func noDistortionIsTheIdentity(_ channels: Int) {
    let image = noise(12 * 12 * channels)
    #expect(apply(Augmentation(), image, 12, channels: channels) == image)
  }

  @Test func sameSeedSameImageOtherSeedAnother() {
    let image = noise(28 * 28)
    #expect(apply(.digits, image, 28) == apply(.digits, image, 28))
    #expect(apply(.digits, image, 28) != apply(.digits, image, 28, seed: 2))
  }

  /// A centred blob keeps about its mass under each distortion alone, and does change.
  @Test(arguments: [
    Augmentation(shift: 3), Augmentation(rotation: 40), Augmentation(shear: 0.3), Augmentation(elastic: 2),
    Augmentation(scale: 0.05),
  ])
  func massIsKept(_ augmentation: Augmentation) {
    let side = 28
    var image = [UInt8](repeating: 0, count: side * side)
    for y in 9..<19 { for x in 11..<17 { image[y * side + x] = 200 } }
    let output = apply(augmentation, image, side)
    #expect(output != image)
    let mass = { (pixels: [UInt8]) in pixels.reduce(0) { $0 + Double($1) } }
    #expect(abs(mass(output) / mass(image) - 1) < 0.2)
  }
}
