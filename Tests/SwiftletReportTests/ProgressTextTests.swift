import SwiftletReport
import Testing

@Suite struct ProgressTextTests {
  private let parts = ["epoch 3/10", "1 min 05 s left", "loss 0.1234", "accuracy 97.10%", "12,345 images/s"]

  @Test(arguments: Array(0...140) + [1000])
  func theLineIsNarrowerThanAnyTerminal(_ columns: Int) {
    for parts in [parts, ["文字文字文字 e\u{301}", "🙂 left"], ["one"], []] {
      for fraction in [0, 0.4, 1, 7, .nan, -1, .infinity] {
        let line = ProgressText(fraction: fraction, parts).fitted(columns: columns)
        #expect(line.terminalWidth < max(columns, 1), "\(line)")
      }
    }
  }

  @Test func theBarTakesWhatTheTextLeaves() {
    let text = ProgressText(fraction: 0.5, parts)
    #expect(
      text.fitted(columns: 200)
        == "[============            ] epoch 3/10  1 min 05 s left  loss 0.1234  accuracy 97.10%  12,345 images/s")
    #expect(
      text.fitted(columns: 80) == "[=========          ] epoch 3/10  1 min 05 s left  loss 0.1234  accuracy 97.10%")
    #expect(text.fitted(columns: 40) == "[====     ] epoch 3/10  1 min 05 s left")
    #expect(text.fitted(columns: 20) == "epoch 3/10")
    #expect(text.fitted(columns: 6) == "epoch")
  }

  @Test func wideCharactersTakeTwoColumnsAndMarksNone() {
    #expect("abc".terminalWidth == 3)
    #expect("日本".terminalWidth == 4)
    #expect("e\u{301}".terminalWidth == 1)
    #expect("🙂".terminalWidth == 2)
    #expect("日本語".prefix(columns: 5) == "日本")
  }
}

@Suite struct TextTableTests {
  @Test func columnsAlignWhateverTheirCharacters() {
    let table = textTable([["name", "n"], ["日本", "10"], ["e\u{301}", "1"]])
    #expect(table == "name   n\n日本  10\ne\u{301}      1")
  }

  @Test func noNameBreaksTheTable() {
    let lines = textTable([["a\nb", "\u{1B}[2J"], ["c\u{9B}d\u{202E}", "x"]]).split(separator: "\n")
    #expect(lines == ["a?b   ?[2J", "c?d?     x"])
  }

  @Test func raggedRowsAndNoneAreFine() {
    #expect(textTable([]) == "")
    #expect(textTable([["a"], ["b", "c"], []]) == "a\nb  c\n")
  }
}
