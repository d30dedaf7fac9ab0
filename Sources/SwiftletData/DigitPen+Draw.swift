import SwiftletModel

extension DigitPen {
  /// Draws the paths into side * side bytes, centered by mass and blurred, with the faults of a scan.
  static func draw(_ paths: [[PathPoint]], side: Int, _ random: inout SplitMix64) -> [UInt8] {
    let center = massCenter(paths)
    let middle = Float(side) / 2
    let offset = StrokePoint(
      middle - center.x + 0.5 * random.nextBell(), middle - center.y + 0.5 * random.nextBell())
    var ink = [Float](repeating: 0, count: side * side)
    for path in paths {
      if path.count == 1 { continue }
      for index in 1..<path.count { cover(&ink, side, path[index - 1], path[index], offset) }
    }
    ink = blurred(ink, side, by: random.next(in: 0...0.7))
    let brightness = 255 * random.next(in: 0.9...1.5)
    let grain = random.next(in: 0...0.12)
    let speckles = random.nextUnit() < 0.06 ? 1 + random.next(below: 3) : 0
    for _ in 0..<speckles {
      let position = random.next(below: ink.count)
      ink[position] = max(ink[position], random.next(in: 0.2...0.8))
    }
    return ink.map { value in
      // Paper without ink stays exactly black, as in MNIST.
      guard value > 0.02 else { return 0 }
      let shade = value * brightness * (1 - grain * random.nextUnit())
      return UInt8(min(255, max(0, shade)).rounded())
    }
  }

  /// The paths' center of mass, by length and thickness.
  private static func massCenter(_ paths: [[PathPoint]]) -> StrokePoint {
    var (x, y, mass): (Float, Float, Float) = (0, 0, 0)
    for path in paths where path.count > 1 {
      for index in 1..<path.count {
        let (a, b) = (path[index - 1], path[index])
        let length = ((b.x - a.x) * (b.x - a.x) + (b.y - a.y) * (b.y - a.y)).squareRoot()
        let weight = length * (a.radius + b.radius)
        x += weight * (a.x + b.x) / 2
        y += weight * (a.y + b.y) / 2
        mass += weight
      }
    }
    return mass > 0 ? StrokePoint(x / mass, y / mass) : StrokePoint(0, 0)
  }

  /// Raises each pixel's ink to how much a segment of round pen covers it: the distance of its middle from the
  /// pen's edge, one pixel wide.
  private static func cover(
    _ ink: inout [Float], _ side: Int, _ start: PathPoint, _ end: PathPoint, _ offset: StrokePoint
  ) {
    let (ax, ay) = (start.x + offset.x, start.y + offset.y)
    let (dx, dy) = (end.x - start.x, end.y - start.y)
    let lengthSquared = max(dx * dx + dy * dy, 1e-6)
    let reach = max(start.radius, end.radius) + 0.5
    let columns = pixels(min(ax, ax + dx) - reach, max(ax, ax + dx) + reach, side)
    let rows = pixels(min(ay, ay + dy) - reach, max(ay, ay + dy) + reach, side)
    for row in rows {
      for column in columns {
        let (px, py) = (Float(column) + 0.5 - ax, Float(row) + 0.5 - ay)
        let along = min(1, max(0, (px * dx + py * dy) / lengthSquared))
        let (ex, ey) = (px - along * dx, py - along * dy)
        let radius = start.radius + along * (end.radius - start.radius)
        let coverage = min(1, radius + 0.5 - (ex * ex + ey * ey).squareRoot())
        let position = row * side + column
        if coverage > ink[position] { ink[position] = coverage }
      }
    }
  }

  /// The pixels that a range of coordinates touches, cut at the image's edge.
  private static func pixels(_ low: Float, _ high: Float, _ side: Int) -> Range<Int> {
    let first = min(side, max(0, Int(low.rounded(.down))))
    return first..<max(first, min(side, Int(high.rounded(.up))))
  }

  /// A mixture of the image and its 3 x 3 binomial blur.
  private static func blurred(_ ink: [Float], _ side: Int, by part: Float) -> [Float] {
    var result = ink
    let side1 = side - 1
    for row in 1..<side1 {
      for column in 1..<side1 {
        let i = row * side + column
        let corners = ink[i - side - 1] + ink[i - side + 1] + ink[i + side - 1] + ink[i + side + 1]
        let edges = ink[i - side] + ink[i + side] + ink[i - 1] + ink[i + 1]
        let blur = (corners + 2 * edges + 4 * ink[i]) / 16
        result[i] = ink[i] + part * (blur - ink[i])
      }
    }
    return result
  }
}
