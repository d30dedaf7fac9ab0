import Foundation
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

  private static func warp(
    _ source: UnsafePointer<UInt8>, _ target: UnsafeMutablePointer<UInt8>, _ height: Int, _ width: Int,
    _ channels: Int, _ map: Affine, _ field: ElasticField?
  ) {
    let (centreX, centreY) = (Float(width - 1) / 2, Float(height - 1) / 2)
    var row = field?.emptyRow ?? []
    for y in 0..<height {
      field?.blendRows(at: y, into: &row)
      let v = Float(y) - centreY
      for x in 0..<width {
        let u = Float(x) - centreX
        var sourceX = map.a * u + map.b * v + map.c + centreX
        var sourceY = map.d * u + map.e * v + map.f + centreY
        if let field {
          let displacement = field.displacement(at: x, row)
          sourceX += displacement.x
          sourceY += displacement.y
        }
        let pixel = target + (y &* width &+ x) &* channels
        guard sourceX > -1, sourceY > -1, sourceX < Float(width), sourceY < Float(height) else {
          for c in 0..<channels { pixel[c] = 0 }
          continue
        }
        // Truncation of a value shifted by one is the floor, from -1 on.
        let (left, top) = (Int(sourceX + 1) &- 1, Int(sourceY + 1) &- 1)
        let (fx, fy) = (sourceX - Float(left), sourceY - Float(top))
        let (hasLeft, hasRight) = (left >= 0, left < width &- 1)
        let (hasTop, hasBottom) = (top >= 0, top < height &- 1)
        let corner = (top &* width &+ left) &* channels
        for c in 0..<channels {
          let at = source + (corner &+ c)
          let topLeft = hasTop && hasLeft ? Float(at[0]) : 0
          let topRight = hasTop && hasRight ? Float(at[channels]) : 0
          let bottomLeft = hasBottom && hasLeft ? Float(at[width &* channels]) : 0
          let bottomRight = hasBottom && hasRight ? Float(at[width &* channels &+ channels]) : 0
          let upper = topLeft + fx * (topRight - topLeft)
          let lower = bottomLeft + fx * (bottomRight - bottomLeft)
          pixel[c] = UInt8(upper + fy * (lower - upper) + 0.5)
        }
      }
    }
  }
}
