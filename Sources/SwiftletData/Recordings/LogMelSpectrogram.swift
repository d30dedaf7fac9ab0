import Foundation

/// Recordings as images: mel bands by frames, in decibels below the loudest cell.
///
/// Frames are 32 ms long (zero-padded to a power of two for the transform) and 20 ms apart, under a periodic Hann
/// window, none padded beyond the recording unless that is shorter than a frame. The power spectrum goes through 32
/// triangular filters, evenly spaced in HTK's mel, 2595 log10(1 + f / 700), from 20 Hz to half the sample rate, each
/// of height 1 (Davis and Mermelstein 1980; Young et al., "The HTK Book"). A pixel is 255 for the loudest cell of the
/// image, 0 for whatever is 60 dB or more below, linear in decibels between, so loudness does not matter. Of longer
/// recordings the 32 frames in a row of the most energy are taken, the first of equals; shorter ones lie in the middle,
/// with silence (0) around them.
///
/// Row 0 is the highest band, time runs to the right. Sums are in double precision, so that only a value that lies
/// within about 10^-12 of a rounding boundary could differ between machines.
struct LogMelSpectrogram {
  static let bandCount = 32
  static let frameCount = 32
  private static let frameSeconds = 0.032
  private static let hopSeconds = 0.020
  private static let lowestFrequency = 20.0
  private static let range = 60.0

  private let frame, hop: Int
  private let window: [Double]
  private let transform: FourierTransform
  /// Per band its first bin and the weights from there on.
  private let filters: [(first: Int, weights: [Double])]

  init(sampleRate: Int) {
    frame = Int((Double(sampleRate) * Self.frameSeconds).rounded())
    hop = Int((Double(sampleRate) * Self.hopSeconds).rounded())
    let length = Double(frame)
    window = (0..<frame).map { 0.5 - 0.5 * cos(2 * .pi * Double($0) / length) }
    let transform = FourierTransform(atLeast: frame)
    self.transform = transform
    func mel(_ frequency: Double) -> Double { 2595 * log10(1 + frequency / 700) }
    let (low, high) = (mel(Self.lowestFrequency), mel(Double(sampleRate) / 2))
    let edges = (0...Self.bandCount + 1).map { band in
      let position = low + (high - low) * Double(band) / Double(Self.bandCount + 1)
      return 700 * (pow(10, position / 2595) - 1)
    }
    filters = (0..<Self.bandCount).map { band in
      let weights = (0...transform.count / 2).map { bin in
        let frequency = Double(bin) * Double(sampleRate) / Double(transform.count)
        let rise = (frequency - edges[band]) / (edges[band + 1] - edges[band])
        let fall = (edges[band + 2] - frequency) / (edges[band + 2] - edges[band + 1])
        return max(0, min(rise, fall))
      }
      let first = weights.firstIndex { $0 > 0 } ?? 0
      let last = weights.lastIndex { $0 > 0 } ?? 0
      return (first, Array(weights[first...last]))
    }
  }

  /// `bandCount * frameCount` bytes, row by row.
  func image(of samples: [Int16]) -> [UInt8] {
    let count = max(1, (samples.count - frame) / hop + 1)
    let energies = energies(of: samples, count: count)
    let first = loudestStart(energies)
    let shown = min(count, Self.frameCount)
    let left = (Self.frameCount - shown) / 2
    let peak = energies[first..<first + shown].reduce(0) { max($0, $1.max() ?? 0) }
    var pixels = [UInt8](repeating: 0, count: Self.bandCount * Self.frameCount)
    guard peak > 0 else { return pixels }
    for column in 0..<shown {
      for (band, energy) in energies[first + column].enumerated() where energy > 0 {
        let level = 1 + 10 * log10(energy / peak) / Self.range
        let row = Self.bandCount - 1 - band
        pixels[row * Self.frameCount + left + column] = UInt8((255 * max(0, level)).rounded())
      }
    }
    return pixels
  }

  /// The bands' energies of each frame.
  private func energies(of samples: [Int16], count: Int) -> [[Double]] {
    var real = [Double](repeating: 0, count: transform.count)
    var imaginary = real
    return (0..<count).map { index in
      for i in real.indices {
        let position = index * hop + i
        real[i] = i < frame && position < samples.count ? window[i] * Double(samples[position]) : 0
        imaginary[i] = 0
      }
      transform.forward(&real, &imaginary)
      return filters.map { filter in
        var sum = 0.0
        for (offset, weight) in filter.weights.enumerated() {
          let bin = filter.first + offset
          sum += weight * (real[bin] * real[bin] + imaginary[bin] * imaginary[bin])
        }
        return sum
      }
    }
  }

  private func loudestStart(_ energies: [[Double]]) -> Int {
    let totals = energies.map { $0.reduce(0, +) }
    var best = 0
    var most = -1.0
    for start in 0...max(0, totals.count - Self.frameCount) {
      let sum = totals[start..<min(start + Self.frameCount, totals.count)].reduce(0, +)
      if sum > most { (best, most) = (start, sum) }
    }
    return best
  }
}

/// The discrete Fourier transform of a power of two of points (Cooley and Tukey 1965, decimation in time).
package struct FourierTransform {
  package let count: Int
  private let cosines, sines: [Double]
  private let reversed: [Int]

  package init(atLeast minimum: Int) {
    var count = 1
    while count < minimum { count *= 2 }
    self.count = count
    let bits = count.trailingZeroBitCount
    cosines = (0..<max(count / 2, 1)).map { cos(-2 * .pi * Double($0) / Double(count)) }
    sines = (0..<max(count / 2, 1)).map { sin(-2 * .pi * Double($0) / Double(count)) }
    reversed = (0..<count).map { index in
      (0..<bits).reduce(0) { $0 | (index >> $1 & 1) << (bits - 1 - $1) }
    }
  }

  /// Replaces `count` complex numbers by their spectrum, sum over n of x[n] exp(-2 pi i k n / count).
  package func forward(_ real: inout [Double], _ imaginary: inout [Double]) {
    precondition(real.count == count && imaginary.count == count, "the transform is of this length")
    for (index, other) in reversed.enumerated() where index < other {
      real.swapAt(index, other)
      imaginary.swapAt(index, other)
    }
    var half = 1
    while half < count {
      let step = count / (2 * half)
      for start in stride(from: 0, to: count, by: 2 * half) {
        for offset in 0..<half {
          let (a, b) = (start + offset, start + offset + half)
          let (c, s) = (cosines[offset * step], sines[offset * step])
          let re = real[b] * c - imaginary[b] * s
          let im = real[b] * s + imaginary[b] * c
          (real[b], imaginary[b]) = (real[a] - re, imaginary[a] - im)
          real[a] += re
          imaginary[a] += im
        }
      }
      half *= 2
    }
  }
}
