import Foundation
import SwiftletTraining
import Testing

@Suite struct RunFactsTests {
  private struct Settings: Encodable {
    var learningRate: Float = 0.001
    var schedule = LearningRateSchedule.cosine
    var seed: UInt64 = .max
    var widths: [Int]? = [3, 5]
    var batch: Int?
  }

  private func differences(_ change: (inout Settings) -> Void, _ facts: [String: String] = ["classNames": "a, b"])
    -> [String]
  {
    let before = RunFacts(Settings(), facts: ["classNames": "a, b"])
    var settings = Settings()
    change(&settings)
    return RunFacts(settings, facts: facts).differences(from: before).map(\.description)
  }

  @Test func everyKindOfSettingIsNamedWithBothValues() {
    #expect(differences { _ in } == [])
    #expect(differences { $0.learningRate = 0.1 } == ["learning rate was 0.001 and is 0.1 now"])
    #expect(differences { $0.seed = 7 } == ["seed was 18446744073709551615 and is 7 now"])
    #expect(differences { $0.batch = 32 } == ["batch was none and is 32 now"])
    #expect(differences { $0.widths = [4] } == ["widths was 3-5 and is 4 now"])
    #expect(differences { $0.widths = nil } == ["widths was 3-5 and is none now"])
    #expect(differences { $0.schedule = .constant } == ["schedule was cosine and is constant now"])
    #expect(
      differences { $0.schedule = .step(epochs: 3, factor: 0.5) }
        == ["schedule was cosine and is step epochs 3 factor 0.5 now"])
    #expect(differences({ _ in }, ["classNames": "b, a"]) == ["class names was a, b and is b, a now"])
  }

  @Test func whatAFileSaysIsComparedWhateverItIs() {
    let now = RunFacts(Settings(), facts: [:])
    for text in ["", "{}", "[1]", "nonsense", #"{"seed": {"deep": []}}"#] {
      #expect(!now.differences(from: RunFacts(json: text)).isEmpty)
    }
  }
}
