/// What a line that tells of progress says, made to fit a terminal.
package struct ProgressText: Hashable, Sendable {
  /// How much is done, 0...1.
  package var fraction: Double
  /// Facts in the order of their importance; the last ones are left out where there is no room.
  package var parts: [String]

  package init(fraction: Double, _ parts: [String]) {
    self.fraction = fraction
    self.parts = parts
  }

  private static let longestBar = 24
  private static let shortestBar = 8

  /// The line for a terminal of so many columns, of which the last stays free: there some terminals begin a new line.
  ///
  /// With the shortest bar as many facts as fit are shown, and the bar takes the rest. Where not even the first fits
  /// beside a bar there is none, and where it fits nowhere it is cut.
  package func fitted(columns: Int) -> String {
    let room = max(columns - 1, 0)
    for count in stride(from: parts.count, to: 0, by: -1) {
      let text = parts.prefix(count).joined(separator: "  ")
      // The brackets and a space.
      let bar = min(room - text.terminalWidth - 3, Self.longestBar)
      if bar >= Self.shortestBar { return "[\(Self.bar(fraction, bar))] \(text)" }
    }
    for count in stride(from: parts.count, to: 0, by: -1) {
      let text = parts.prefix(count).joined(separator: "  ")
      if text.terminalWidth <= room { return text }
    }
    return (parts.first ?? "").prefix(columns: room)
  }

  private static func bar(_ fraction: Double, _ width: Int) -> String {
    let filled = Int(Double(width) * (fraction > 0 ? min(fraction, 1) : 0))
    return String(repeating: "=", count: filled) + String(repeating: " ", count: width - filled)
  }
}
