import SwiftletTraining

extension [RunDifference] {
  /// Differences of searches, by the options of 'compress'.
  func named(_ augmentation: Augmentation?) -> [RunDifference] {
    let options = [
      "budget max drop": "--max-drop", "budget target bytes": "--target-bytes",
      "budget target microseconds": "--target-latency", "batch": "--batch", "seed": "--seed",
      "calibration count": "--calibration-count", "stored labels": "labels in the file (--drop)",
      "stored names": "names in the file (--drop)", "stored provenance": "provenance in the file (--drop)",
      "stored self test": "self-test in the file (--drop)", "stored tool": "the program",
    ]
    let now = augmentation == nil ? "none" : augmentation == .digits ? "digits" : "light"
    return named(options, augment: (none: "none", other: "another", now: now))
  }

  /// Differences of trainings, by the options of 'train'.
  func named(augments: Bool) -> [RunDifference] {
    let options = [
      "architecture": "--arch", "batch": "--batch", "optimizer": "--optimizer", "learning rate": "--learning-rate",
      "momentum": "--momentum", "weight decay": "--weight-decay", "schedule": "--schedule",
      "warm up epochs": "--warm-up", "initialization": "--initialization", "seed": "--seed",
      "validation count": "--validation", "split seed": "--split-seed",
    ]
    return named(options, augment: (none: "no", other: "yes", now: augments ? "yes" : "no"))
  }

  /// - Parameters:
  ///   - options: What decides a setting; it keeps its name where nobody can.
  ///   - augment: What to call distortions, whose figures no option has.
  private func named(
    _ options: [String: String], augment: (none: String, other: String, now: String)
  ) -> [RunDifference] {
    var result: [RunDifference] = []
    for difference in self {
      guard difference.name == "augmentation" || difference.name.hasPrefix("augmentation ") else {
        var named = difference
        named.name = options[difference.name] ?? difference.name
        if named.name == "budget" { (named.before, named.now) = (limits(named.before), limits(named.now)) }
        result.append(named)
        continue
      }
      let before = difference.before == "none" ? augment.none : augment.other
      let whole = RunDifference(name: "--augment", before: before, now: augment.now)
      if !result.contains(whole) { result.append(whole) }
    }
    return result
  }
  /// A search's limits, by their options.
  private func limits(_ text: String) -> String {
    text.replacing("max drop", with: "--max-drop").replacing("target bytes", with: "--target-bytes")
      .replacing("target microseconds", with: "--target-latency in us")
  }
}
