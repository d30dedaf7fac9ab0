import SwiftletCompression
import SwiftletFormat
import SwiftletModel
import SwiftletRuntime

/// How small and how fast networks of this graph become at all.
struct TargetReach {
  private let subject: SearchSubject
  private let ladder: WidthLadder

  /// Images: what comes of them need not be accurate.
  private static let calibrationCount = 64
  /// The share of a time that is aimed at, so that a slower moment does not lift a network above it.
  private static let aimedShare = 0.95

  init(_ subject: SearchSubject, _ ladder: WidthLadder) {
    self.subject = subject
    self.ladder = ladder
  }

  /// The bytes of the narrowest network with all weights 0.
  ///
  /// - Throws: `CompressionError.notWritable`, or what quantization throws.
  func leastBytes() throws -> Int {
    var empty = try ladder.narrowed(to: ladder.rungs[ladder.rungs.count - 1].widths)
    for index in empty.nodes.indices where empty.nodes[index].parameters.count == 2 {
      for parameter in 0..<2 {
        empty.nodes[index].parameters[parameter] = Tensor(zeros: empty.nodes[index].parameters[parameter].shape)
      }
    }
    let least = subject.options.stored.applied(
      to: try quickly(quantized: empty), source: subject.model, accuracies: subject.float.provenance(.validation))
    do { return try ModelWriter.write(least).bytes.count } catch {
      throw CompressionError.notWritable("the compressed model cannot be written: \(error)")
    }
  }

  /// The first rung that is fast enough with some time to spare, by bisection.
  ///
  /// - Throws: `CompressionError.targetBelowLatency` where not even the last is.
  func widestRung(within target: Double) throws -> Int {
    func time(_ rung: Int) throws -> Double {
      let model = try quickly(quantized: ladder.narrowed(to: ladder.rungs[rung].widths))
      return subject.microseconds(try PreparedModel(model))
    }
    let last = ladder.rungs.count - 1
    let least = try time(last)
    guard least <= target else { throw CompressionError.targetBelowLatency(target: target, least: least) }
    var (slow, fast) = (-1, last)
    while fast - slow > 1 {
      let middle = (slow + fast) / 2
      if try time(middle) <= Self.aimedShare * target { fast = middle } else { slow = middle }
    }
    return fast
  }

  /// An integer model of the right size and speed; its accuracy does not matter.
  private func quickly(quantized model: Model) throws -> Model {
    let plain = QuantizationOptions(weightScales: .halfPower)
    return try model.quantized(
      calibratingOn: subject.sample, count: Self.calibrationCount, options: plain, threads: subject.options.threads)
  }
}
