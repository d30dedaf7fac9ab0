import Foundation
import SwiftletData
import SwiftletFloat
import SwiftletModel

/// Random distortions of training images: one affine map and one elastic field per image and epoch.
///
/// Elastic distortion after Simard, Steinkraus and Platt (2003), with the random field drawn on a coarse grid and
/// interpolated by cubic B-splines instead of smoothed by a Gaussian. Pixels outside the image are 0.
public struct Augmentation: Hashable, Sendable, Codable {
  /// The largest shift along each axis, in pixels.
  public var shift: Float
  /// The largest rotation, in degrees.
  public var rotation: Float
  /// The largest relative change of size, along each axis on its own.
  public var scale: Float
  /// The largest horizontal shear, as a ratio.
  public var shear: Float
  /// The largest displacement of a grid point of the elastic field, in pixels; 0 leaves it out.
  public var elastic: Float

  public init(shift: Float = 0, rotation: Float = 0, scale: Float = 0, shear: Float = 0, elastic: Float = 0) {
    self.shift = shift
    self.rotation = rotation
    self.scale = scale
    self.shear = shear
    self.elastic = elastic
  }

  /// Moderate distortions that keep a handwritten digit readable.
  public static var digits: Augmentation {
    Augmentation(shift: 2, rotation: 12, scale: 0.12, shear: 0.12, elastic: 2)
  }

  /// About half of `digits`, for small networks: they lack the weights to learn strong distortions.
  public static var light: Augmentation {
    Augmentation(shift: 1, rotation: 8, scale: 0.08, shear: 0.08, elastic: 1)
  }

  /// The same distortions, all of them stronger or weaker.
  public func scaled(by factor: Double) -> Augmentation {
    let factor = Float(factor)
    return Augmentation(
      shift: factor * shift, rotation: factor * rotation, scale: factor * scale, shear: factor * shear,
      elastic: factor * elastic)
  }

  /// What of these distortions suits the data: of spectrograms only the shift, in time and frequency. To rotate, shear
  /// or bend them makes no sound that anybody could say.
  public func suited(to data: Dataset) -> Augmentation { data.isSpectrogram ? Augmentation(shift: shift) : self }

  /// Pixels between the grid points of the elastic field.
  private static var spacing: Int { 7 }

  /// Distorts one image of `height * width * channels` bytes, drawing from `generator`.
  ///
  /// Deterministic: seed the generator by run, epoch and image (see `generator(seed:epoch:index:)`).
  public func apply(
    to image: Span<UInt8>, height: Int, width: Int, channels: Int, into output: inout MutableSpan<UInt8>,
    using generator: inout SplitMix64
  ) {
    let count = height * width * channels
    precondition(image.count == count && output.count == count, "An image has height * width * channels bytes.")
    let map = affine(&generator)
    let field = elastic > 0 ? ElasticField(height, width, spacing: Self.spacing, amplitude: elastic, &generator) : nil
    image.withUnsafeBufferPointer { source in
      output.withUnsafeMutableBufferPointer { target in
        Self.warp(source.baseAddress!, target.baseAddress!, height, width, channels, map, field)
      }
    }
  }

  /// The generator of one image's distortion in one epoch.
  public static func generator(seed: UInt64, epoch: Int, index: Int) -> SplitMix64 {
    var mixer = SplitMix64(seed: seed &+ UInt64(epoch) &* 0xD134_2543_DE82_EF95)
    return SplitMix64(seed: mixer.next() ^ UInt64(index) &* 0x9E37_79B9_7F4A_7C15)
  }

  /// Where a centred output pixel (x, y) reads: (a x + b y + c, d x + e y + f).
  private struct Affine { var a, b, c, d, e, f: Float }

  private func affine(_ generator: inout SplitMix64) -> Affine {
    func draw(_ limit: Float) -> Float { (2 * generator.nextUnit() - 1) * limit }
    let angle = draw(rotation) * .pi / 180
    let (sine, cosine) = (sin(angle), cos(angle))
    let (stretchX, stretchY) = (1 / (1 + draw(scale)), 1 / (1 + draw(scale)))
    let slant = draw(shear)
    let (moveX, moveY) = (draw(shift), draw(shift))
    return Affine(
      a: cosine * stretchX, b: (slant * cosine - sine) * stretchX, c: moveX, d: sine * stretchY,
      e: (slant * sine + cosine) * stretchY, f: moveY)
  }

  /// Bilinear samples of `source` at the mapped and displaced places, one row at a time.
  ///
  /// The source is copied to floats with a border of zeros, so that no sample needs to ask what lies outside.
  private static func warp(
    _ source: UnsafePointer<UInt8>, _ target: UnsafeMutablePointer<UInt8>, _ height: Int, _ width: Int,
    _ channels: Int, _ map: Affine, _ field: ElasticField?
  ) {
    let pitch = (width + 2) * channels
    var points = field?.emptyRow ?? []
    withUnsafeTemporaryAllocation(of: Float.self, capacity: (height + 2) * pitch) { bordered in
      bordered.initialize(repeating: 0)
      ImageWarp.copy(source, height, width, channels, into: bordered.baseAddress!)
      withUnsafeTemporaryAllocation(of: SIMD2<Float>.self, capacity: width) { displacements in
        displacements.initialize(repeating: .zero)
        let row = UnsafeRawPointer(displacements.baseAddress!).assumingMemoryBound(to: Float.self)
        withUnsafeBytes(of: map) { map in
          let map = map.assumingMemoryBound(to: Float.self).baseAddress!
          for y in 0..<height {
            if let field {
              field.blendRows(at: y, into: &points)
              field.displacements(points, into: displacements)
            }
            ImageWarp.row(
              y, of: bordered.baseAddress!, height, width, channels, map, row, into: target + y * width * channels)
          }
        }
      }
    }
  }
}
