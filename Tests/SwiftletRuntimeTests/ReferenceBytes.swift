import SwiftletModel
import SwiftletRuntime
import TestSupport
import Testing

/// Expects of a table the bytes that the plain Swift kernels compute.
///
/// - Parameters:
///   - maxBatch: What the model is prepared for; the whole batch unless said.
///   - image: The first input; random where there is none.
///   - isVaried: Random inputs must give more than one value: else a test would prove nothing.
func expectEqual(
  _ model: Model, _ table: String, batch: Int = 2, maxBatch: Int? = nil, threads: Int = 1, image: [UInt8]? = nil,
  isVaried: Bool = true, _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let images =
    image.map { [$0] }
    ?? model.inputs.indices.map { model.randomInput(batch: batch, seed: UInt64($0 + 5), input: $0) }
  let expected = try model.outputs(.reference, images, batch: batch)
  let actual = try model.outputs(
    Tables.table(table), images, batch: batch, maxBatch: maxBatch ?? batch, threads: threads)
  let isEqual = actual == expected
  #expect(isEqual, comment, sourceLocation: sourceLocation)
  guard isVaried, image == nil else { return }
  for output in expected {
    #expect(Set(output).count > 1 || output.count < 4, comment, sourceLocation: sourceLocation)
  }
}
