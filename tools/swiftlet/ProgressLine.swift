import Foundation
import SwiftletBytes
import SwiftletReport

/// A line that redraws itself on a terminal and stays silent elsewhere, where finished lines are printed plainly.
struct ProgressLine {
  private var lastDraw = ContinuousClock.now - .seconds(1)
  private var isDrawn = false

  /// Redraws at most ten times a second, in the width that the terminal has now.
  ///
  /// - Parameter parts: The most important first.
  mutating func draw(fraction: Double, _ parts: [String]) {
    guard Console.isTerminal, ContinuousClock.now - lastDraw > .milliseconds(100) else { return }
    lastDraw = .now
    let text = ProgressText(fraction: fraction, parts.map { printable($0.utf8) })
    Console.redraw(text.fitted(columns: Console.columns))
    isDrawn = true
  }

  /// Clears the line and prints `text` for good.
  mutating func finish(_ text: String) {
    clear()
    Console.note(text)
  }

  mutating func clear() {
    if isDrawn { Console.redraw("") }
    isDrawn = false
  }
}
