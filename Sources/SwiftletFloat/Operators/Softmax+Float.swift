import Foundation
import SwiftletModel

extension Softmax {
  /// Normalizes exp(x) over each run of `channels` elements; the maximum is subtracted first, so nothing overflows.
  package func forward(_ x: Span<Float>, into y: inout MutableSpan<Float>, channels: Int) {
    precondition(x.count % channels == 0 && y.count == x.count)
    for start in stride(from: 0, to: x.count, by: channels) {
      var top = -Float.infinity
      for c in start..<start + channels { top = max(top, x[c]) }
      var sum: Float = 0
      for c in start..<start + channels {
        y[c] = exp(x[c] - top)
        sum += y[c]
      }
      for c in start..<start + channels { y[c] /= sum }
    }
  }

  /// Adds the input gradient of `forward`, whose output was `y`, to `dx`: y * (dy - sum(y * dy)).
  package func backward(y: Span<Float>, dy: Span<Float>, addingTo dx: inout MutableSpan<Float>, channels: Int) {
    precondition(y.count % channels == 0 && dx.count == y.count)
    for start in stride(from: 0, to: y.count, by: channels) {
      var dot: Float = 0
      for c in start..<start + channels { dot += y[c] * dy[c] }
      for c in start..<start + channels { dx[c] += y[c] * (dy[c] - dot) }
    }
  }
}

/// Categorical cross-entropy of a softmax over logits, against a class index.
package enum SoftmaxCrossEntropy {
  /// -log softmax(logits)[label], and whether the highest logit, the lowest index on a tie, is the label's.
  ///
  /// - Returns: NaN as the loss where a logit is NaN.
  package static func forward(_ logits: UnsafeBufferPointer<Float>, label: Int) -> (loss: Double, isCorrect: Bool) {
    var best = 0
    var poisoned = false
    for c in logits.indices {
      if logits[c] > logits[best] { best = c }
      if logits[c].isNaN { poisoned = true }
    }
    if poisoned { return (.nan, false) }
    let top = logits[best]
    var sum: Float = 0
    for c in logits.indices { sum += exp(logits[c] - top) }
    return (Double(log(sum)) - Double(logits[label] - top), best == label)
  }

  /// Adds factor * (softmax(logits) - onehot(label)) to `dLogits`.
  package static func backward(
    _ logits: UnsafeBufferPointer<Float>, label: Int, factor: Float, addingTo dLogits: UnsafeMutableBufferPointer<Float>
  ) {
    let top = logits.max()!
    var sum: Float = 0
    for c in logits.indices { sum += exp(logits[c] - top) }
    for c in logits.indices {
      dLogits[c] += factor * (exp(logits[c] - top) / sum - (c == label ? 1 : 0))
    }
  }

  /// Adds the gradient of factor * T^2 * KL(softmax(teacher / T) || softmax(logits / T)) to `dLogits`:
  /// factor * T * (softmax(logits / T) - softmax(teacher / T)).
  ///
  /// T^2 keeps the gradient's size independent of the temperature (Hinton, Vinyals and Dean 2015).
  package static func distill(
    _ logits: UnsafeBufferPointer<Float>, teacher: UnsafeBufferPointer<Float>, temperature: Float, factor: Float,
    addingTo dLogits: UnsafeMutableBufferPointer<Float>
  ) {
    let (top, teacherTop) = (logits.max()!, teacher.max()!)
    var sum: Float = 0
    var teacherSum: Float = 0
    for c in logits.indices {
      sum += exp((logits[c] - top) / temperature)
      teacherSum += exp((teacher[c] - teacherTop) / temperature)
    }
    for c in logits.indices {
      let student = exp((logits[c] - top) / temperature) / sum
      let target = exp((teacher[c] - teacherTop) / temperature) / teacherSum
      dLogits[c] += factor * temperature * (student - target)
    }
  }
}

/// What a teacher makes of a batch, to be learned beside the labels (Hinton, Vinyals and Dean 2015, "Distilling the
/// Knowledge in a Neural Network").
///
/// The loss becomes (1 - weight) * cross-entropy + weight * T^2 * KL(teacher || student), both softened by T.
public struct SoftTargets: Sendable {
  /// `[samples][classes]`.
  public var logits: [Float]
  /// 0...1.
  public var weight: Float
  /// T, above 0.
  public var temperature: Float

  public init(logits: [Float], weight: Float, temperature: Float) {
    precondition((0...1).contains(weight) && temperature > 0, "a weight in 0...1 and a temperature above 0")
    self.logits = logits
    self.weight = weight
    self.temperature = temperature
  }
}
