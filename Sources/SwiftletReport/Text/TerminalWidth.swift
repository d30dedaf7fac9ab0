extension String {
  /// The columns of a terminal that the text takes at most: two for East Asian wide characters and pictures, none for
  /// marks that join the character before.
  package var terminalWidth: Int { unicodeScalars.reduce(0) { $0 + $1.terminalWidth } }

  /// As much of the beginning as fits into so many columns, characters whole.
  package func prefix(columns: Int) -> String {
    var result = ""
    var left = columns
    for character in self {
      left -= String(character).terminalWidth
      if left < 0 { break }
      result.append(character)
    }
    return result
  }
}

extension Unicode.Scalar {
  /// The columns that a terminal gives it, as wcwidth counts them.
  fileprivate var terminalWidth: Int {
    if value < 0x300 { return 1 }
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: return properties.isEmojiPresentation || Self.wide.contains { $0.contains(value) } ? 2 : 1
    }
  }

  /// Blocks whose characters are East Asian wide or full width (Unicode Standard Annex 11).
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF,
    0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF,
    0x20000...0x3FFFD,
  ]
}
