import SwiftletModel

/// Writes a stroke template in a random hand and draws it.
enum DigitPen {
  /// A point of the pen's path with its radius, in pixels.
  struct PathPoint { var x, y, radius: Float }

  /// The paths of the pen in pixels, about (0, 0).
  static func write(_ variant: DigitStrokes.Variant, _ random: inout SplitMix64) -> [[PathPoint]] {
    let shake: Float = 0.03
    let hand = Hand(&random)
    let warp = ElasticField(&random)
    let baseRadius = random.next(in: 0.7...1.8)
    let pressure = random.next(in: 0...0.3)
    let phase = random.nextUnit()
    return variant.map { stroke in
      var points = stroke.map { StrokePoint($0.x + shake * random.nextBell(), $0.y + shake * random.nextBell()) }
      // Pens overshoot or stop short at a stroke's ends.
      stretchEnd(&points, at: 0, next: 1, by: random.next(in: -0.08...0.12))
      stretchEnd(&points, at: points.count - 1, next: points.count - 2, by: random.next(in: -0.08...0.12))
      let curve = smooth(points)
      return curve.enumerated().map { index, point in
        let moved = hand.apply(warp.apply(point))
        let along = Float(index) / Float(max(1, curve.count - 1))
        let radius = baseRadius * (1 + pressure * wave(along + phase))
        return PathPoint(x: moved.x, y: moved.y, radius: radius)
      }
    }
  }

  private static func stretchEnd(_ points: inout [StrokePoint], at end: Int, next: Int, by part: Float) {
    points[end].x += (points[end].x - points[next].x) * part
    points[end].y += (points[end].y - points[next].y) * part
  }

  /// A Catmull-Rom curve through the points (Catmull and Rom 1974), five pieces between neighbours.
  private static func smooth(_ points: [StrokePoint]) -> [StrokePoint] {
    let pieces = 5
    var curve: [StrokePoint] = []
    for index in 0..<points.count - 1 {
      let (p0, p1) = (points[max(0, index - 1)], points[index])
      let (p2, p3) = (points[index + 1], points[min(points.count - 1, index + 2)])
      for piece in 0..<pieces {
        let t = Float(piece) / Float(pieces)
        curve.append(
          StrokePoint(cubic(p0.x, p1.x, p2.x, p3.x, t), cubic(p0.y, p1.y, p2.y, p3.y, t)))
      }
    }
    curve.append(points[points.count - 1])
    return curve
  }

  private static func cubic(_ a: Float, _ b: Float, _ c: Float, _ d: Float, _ t: Float) -> Float {
    let linear = (c - a) * t
    let square = (2 * a - 5 * b + 4 * c - d) * t * t
    let cube = (3 * b - a - 3 * c + d) * t * t * t
    return b + 0.5 * (linear + square + cube)
  }

  /// sin(2 pi t) to about 0.001, from exactly rounded operations only (Bhaskara's formula).
  static func wave(_ t: Float) -> Float {
    let turn = t - t.rounded(.down)
    let half = turn < 0.5 ? turn : turn - 0.5
    let product = half * (0.5 - half)
    let value = 16 * product / (1.25 - 4 * product)
    return turn < 0.5 ? value : -value
  }
}

/// The affine part of a hand: size, slant, rotation; pixels about the digit's middle.
private struct Hand {
  let xx, xy, yx, yy: Float

  init(_ random: inout SplitMix64) {
    let height = random.next(in: 16.5...20)
    let width = height * random.next(in: 0.5...1.05)
    let slant = 0.12 + 0.22 * random.nextBell()
    // An angle's sine stands in for it; the cosine follows exactly.
    let sine = min(0.5, max(-0.5, 0.15 * random.nextBell()))
    let cosine = (1 - sine * sine).squareRoot()
    xx = width * cosine
    xy = -height * (slant * cosine + sine)
    yx = width * sine
    yy = height * (cosine - slant * sine)
  }

  func apply(_ point: StrokePoint) -> StrokePoint {
    let (x, y) = (point.x - 0.5, point.y - 0.5)
    return StrokePoint(xx * x + xy * y, yx * x + yy * y)
  }
}

/// A smooth random displacement: two waves per axis of at most one and a half periods across the digit.
private struct ElasticField {
  private var waves: [(fx: Float, fy: Float, phase: Float, amplitude: Float)] = []

  init(_ random: inout SplitMix64) {
    for _ in 0..<4 {
      waves.append(
        (
          random.next(in: -1.5...1.5), random.next(in: -1.5...1.5), random.nextUnit(), 0.045 * random.nextBell()
        ))
    }
  }

  func apply(_ point: StrokePoint) -> StrokePoint {
    func shift(_ wave: (fx: Float, fy: Float, phase: Float, amplitude: Float)) -> Float {
      wave.amplitude * DigitPen.wave(wave.fx * point.x + wave.fy * point.y + wave.phase)
    }
    return StrokePoint(
      point.x + shift(waves[0]) + shift(waves[1]), point.y + shift(waves[2]) + shift(waves[3]))
  }
}
