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
    var names = true
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
    #expect(differences { $0.learningRate = 0.1 } == ["learning rate: 0.001 before, 0.1 now"])
    #expect(differences { $0.seed = 7 } == ["seed: 18446744073709551615 before, 7 now"])
    #expect(differences { $0.names = false } == ["names: yes before, no now"])
    #expect(differences { $0.batch = 32 } == ["batch: none before, 32 now"])
    #expect(differences { $0.widths = [4] } == ["widths: 3-5 before, 4 now"])
    #expect(differences { $0.widths = nil } == ["widths: 3-5 before, none now"])
    #expect(differences { $0.schedule = .constant } == ["schedule: cosine before, constant now"])
    #expect(
      differences { $0.schedule = .step(epochs: 3, factor: 0.5) }
        == ["schedule: cosine before, step epochs 3 factor 0.5 now"])
    #expect(differences({ _ in }, ["classNames": "b, a"]) == ["class names: a, b before, b, a now"])
  }

  @Test func whatFollowsFromOthersIsNotNamed() {
    func names(_ names: [String]) -> [String] {
      names.map { RunDifference(name: $0, before: "1", now: "2") }.causes.map(\.name)
    }
    #expect(names(["class names", "seed", "training images", "validation images"]) == ["class names", "seed"])
    #expect(names(["split seed", "validation images"]) == ["split seed"])
    #expect(names(["seed", "training images"]) == ["seed", "training images"])
  }

  @Test func whatAFileSaysIsComparedWhateverItIs() {
    let now = RunFacts(Settings(), facts: [:])
    for text in ["", "{}", "[1]", "nonsense", #"{"seed": {"deep": []}}"#] {
      #expect(!now.differences(from: RunFacts(json: text)).isEmpty)
    }
  }
}
