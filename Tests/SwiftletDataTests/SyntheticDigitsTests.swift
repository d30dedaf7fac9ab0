import SwiftletBytes
import SwiftletData
import Testing

@Suite struct SyntheticDigitsTests {
  @Test func imagesDependOnSeedAndIndexAlone() {
    let ten = SyntheticDigits.dataset(count: 10, seed: 3)
    let twenty = SyntheticDigits.dataset(count: 20, seed: 3)
    #expect(Array(twenty.images.prefix(ten.images.count)) == ten.images)
    #expect(twenty.labels == Array(0..<10) + Array(0..<10))
    #expect(SyntheticDigits.image(13, seed: 3) == Array(twenty.image(13)))
    #expect(SyntheticDigits.image(13, seed: 4) != Array(twenty.image(13)))
    #expect((ten.height, ten.width, ten.channels, ten.classNames.count) == (28, 28, 1, 10))
    #expect(SyntheticDigits.dataset(count: 0, seed: 3).count == 0)
  }

  /// Changing what a seed gives would silently change the demo and every figure measured on it.
  @Test func theFirstHundredImagesStayTheSame() {
    #expect(Zlib.crc32(SyntheticDigits.dataset(count: 100, seed: 1).images) == 2_439_132_597)
  }

  @Test func noTwoImagesAreAlikeAndAllHaveInk() {
    let data = SyntheticDigits.dataset(count: 3000, seed: 5)
    #expect(Set((0..<data.count).map { Array(data.image($0)) }).count == data.count)
    for index in 0..<data.count {
      let image = data.image(index)
      let ink = image.reduce(0) { $0 + ($1 > 100 ? 1 : 0) }
      #expect((15...400).contains(ink), "image \(index) has \(ink) light pixels")
      // Most of the paper is untouched, as in MNIST.
      #expect(image.count { $0 == 0 } > 250, "image \(index)")
    }
  }

  /// A digit must look more like its own kind than like others, yet not trivially so.
  @Test func nearestNeighboursMostlyAgree() {
    let known = SyntheticDigits.dataset(count: 2000, seed: 1)
    let asked = SyntheticDigits.dataset(count: 200, seed: 2)
    let distance = { (a: Int, b: Int) -> Int32 in
      var sum: Int32 = 0
      for (p, q) in zip(asked.image(a), known.image(b)) { sum &+= (Int32(p) - Int32(q)) * (Int32(p) - Int32(q)) }
      return sum
    }
    let correct = (0..<asked.count).count { a in
      let nearest = (0..<known.count).min { distance(a, $0) < distance(a, $1) }
      return known.labels[nearest ?? 0] == asked.labels[a]
    }
    #expect((160..<199).contains(correct), "\(correct) of 200")
  }
}
