import SwiftletModel
import Testing

@Suite struct WindowCoverageTests {
  /// Told without looking at each window, whether all cover the input is what looking at each tells.
  @Test func coverageIsThatOfEveryWindow() throws {
    var seen = (covered: 0, uncovered: 0)
    for input in 1...6 {
      for kernel in 1...4 {
        for stride in 1...7 {
          for dilation in 1...8 {
            for padding in 0...12 {
              for roundsUp in [false, true] {
                let window = SlidingWindow(
                  kernel: Size2D(height: kernel, width: 1), stride: Size2D(height: stride, width: 1),
                  dilation: Size2D(height: dilation, width: 1),
                  padding: .explicit(top: padding, left: 0, bottom: padding / 2, right: 0), roundsUp: roundsUp)
                let shape = Shape(height: input, width: 1, channels: 1)
                guard let plan = try? WindowPlan(window, input: shape, channels: 1) else { continue }
                let expected = (0..<plan.rows.output).allSatisfy { !plan.rows.taps($0).isEmpty }
                #expect(plan.coversInputEverywhere == expected, "\(window) on \(input)")
                if expected { seen.covered += 1 } else { seen.uncovered += 1 }
              }
            }
          }
        }
      }
    }
    #expect(seen.covered > 1000 && seen.uncovered > 1000)
  }
}
