import SwiftletModel
import SwiftletRuntime

extension Model {
  /// Random images; every 401st byte is 255.
  package func randomInput(batch: Int, seed: UInt64, input: Int = 0) -> [UInt8] {
    var random = SplitMix64(seed: seed)
    return (0..<batch * values[inputs[input]].shape.count).map { i in
      i % 401 == 0 ? 255 : UInt8(truncatingIfNeeded: random.next())
    }
  }

  /// The outputs of every image, u8 widened, one array per output of the graph.
  package func outputs(
    _ kernels: KernelTable, _ images: [[UInt8]], batch: Int, maxBatch: Int = 1, threads: Int = 1
  ) throws -> [[Int32]] {
    Session(try PreparedModel(self, maxBatch: maxBatch, kernels: kernels), threads: threads)
      .outputs(images, batch: batch)
  }

  package func output(_ kernels: KernelTable, _ image: [UInt8], batch: Int = 1, maxBatch: Int = 1) throws -> [Int32] {
    try outputs(kernels, [image], batch: batch, maxBatch: maxBatch)[0]
  }
}

extension Session {
  /// The outputs of `batch` samples, u8 widened, one array per output of the graph; `images` as the graph's inputs.
  package func outputs(_ images: [[UInt8]], batch: Int) -> [[Int32]] {
    let values = model.model.outputs.map { model.model.values[$0] }
    let results = values.map { value in
      let count = value.shape.count * value.element.byteCount * batch
      let result = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 16)
      result.initializeMemory(as: UInt8.self, repeating: 0xA5, count: count)
      return result
    }
    defer { for result in results { result.deallocate() } }
    let pointers = images.map { image in
      let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: image.count)
      copy.initialize(from: image, count: image.count)
      return UnsafePointer(copy)
    }
    defer { for pointer in pointers { pointer.deallocate() } }
    run(inputs: pointers.span, batch: batch, outputs: results.span)
    return zip(values, results).map { value, result in
      let count = value.shape.count * batch
      return value.element == .int32
        ? Array(UnsafeBufferPointer(start: result.assumingMemoryBound(to: Int32.self), count: count))
        : UnsafeBufferPointer(start: result.assumingMemoryBound(to: UInt8.self), count: count).map { Int32($0) }
    }
  }
}

/// The tables under test, by name; tests run each against the plain Swift kernels.
package enum Tables {
  package static var names: [String] {
    KernelTable.supported.filter { !$0.isReference }.map { "\($0.name)" }
  }

  package static func table(_ name: String) -> KernelTable {
    guard let table = KernelTable.named(Array(name.utf8).span) else { preconditionFailure("no table \(name)") }
    return table
  }
}
