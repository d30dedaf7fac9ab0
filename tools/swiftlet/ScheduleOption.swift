import SwiftletTraining

/// `--schedule`.
struct ScheduleOption: CustomStringConvertible {
  let value: LearningRateSchedule

  init(value: LearningRateSchedule) { self.value = value }

  /// - Throws: `BoundsError`.
  init(_ argument: String) throws {
    switch argument {
    case "constant": value = .constant
    case "cosine": value = .cosine
    default:
      let parts = argument.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 3, parts[0] == "step", let epochs = Int(decimal: parts[1]), epochs >= 1,
        let factor = Float(decimal: parts[2]), factor > 0, factor <= 1
      else {
        throw BoundsError(
          description:
            "must be constant, cosine, or step:EPOCHS:FACTOR with EPOCHS from 1 and FACTOR above 0 and at most 1")
      }
      value = .step(epochs: epochs, factor: factor)
    }
  }

  var description: String {
    switch value {
    case .constant: "constant"
    case .cosine: "cosine"
    case .step(let epochs, let factor): "step:\(epochs):\(factor)"
    }
  }
}
