import SwiftletData
import SwiftletFloat
import SwiftletModel

extension Model {
  /// Fisher information times the square of each weight, over `count` labelled images: the loss expected from losing it
  /// (LeCun et al. 1990; Theis et al. 2018). Per node one score per weight, nil for nodes without.
  ///
  /// The information is the mean squared gradient of small batches.
  /// - Throws: `GraphError` where the model is quantized or not valid.
  public func fisherScores(on images: Dataset, count: Int = 2048, threads: Int = 1) throws(GraphError) -> [[Float]?] {
    let batch = 8
    let network = try FloatNetwork(self, maxBatch: batch, threads: threads)
    let weights = network.parameters.filter { $0.role == .weights }
    var sums = weights.map { [Float](repeating: 0, count: $0.count) }
    for first in stride(from: 0, to: min(count, images.count), by: batch) {
      let part = images.subset(first..<min(first + batch, images.count))
      _ = part.images.withUnsafeBufferPointer {
        network.train($0, labels: part.labels, count: part.count, key: UInt64(first))
      }
      for (index, parameter) in weights.enumerated() {
        guard let gradient = parameter.gradient?.readable else { continue }
        sums[index].withUnsafeMutableBufferPointer { sum in
          for i in sum.indices { sum[i] += gradient[i] * gradient[i] }
        }
      }
    }
    var scores = [[Float]?](repeating: nil, count: nodes.count)
    for (sum, parameter) in zip(sums, weights) {
      scores[parameter.node] = zip(sum, parameter.values).map { $0 * $1 * $1 }
    }
    return scores
  }
}
