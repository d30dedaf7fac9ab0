import SwiftletFormat
import SwiftletModel
import Testing

/// A file holds every operator with all its attributes, in floats and in integers.
@Suite struct FormatTests {
  @Test(arguments: OperatorCase.all, [Packing.plain, .coded])
  func whatIsWrittenIsReadAndWrittenAgainTheSame(_ entry: OperatorCase, _ packing: Packing) throws {
    let isQuantizable = entry.op.quantizationRule != .floatOnly
    for model in try [entry.float()] + (isQuantizable ? [entry.quantized()] : []) {
      let bytes = try ModelWriter.write(model, packing: packing).bytes
      let read = try ModelReader.read(bytes)
      let (isSame, isCanonical) = try (read == model, ModelWriter.write(read, packing: packing).bytes == bytes)
      #expect(isSame && isCanonical)
    }
  }

  /// One bit of an attribute lost would make two cases one file.
  @Test func differentOperatorsAreDifferentFiles() throws {
    var files: [[UInt8]: Operator] = [:]
    for entry in OperatorCase.all {
      var model = try entry.float()
      for index in model.nodes[0].parameters.indices {
        model.nodes[0].parameters[index] = Tensor(zeros: model.nodes[0].parameters[index].shape)
      }
      let bytes = try ModelWriter.write(model, packing: .plain).bytes
      #expect(files[bytes] == nil || files[bytes] == entry.op, "\(entry.testDescription)")
      files[bytes] = entry.op
    }
  }
}
