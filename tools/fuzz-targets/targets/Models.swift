import SwiftletBytes
@testable import SwiftletFormat
import SwiftletModel
import SwiftletRuntime

extension FuzzTarget {
  static let models = [
    FuzzTarget(name: "model-plain", longestInput: 2048, seeds: plainSeeds) { input in
      guard let form = input.first else { return }
      check(PlainForm(rawValue: form % 3)!.file(input.dropFirst()))
    },
    FuzzTarget(name: "model-coded", longestInput: 2048, seeds: codedSeeds) { input in
      guard let form = input.first, let file = CodedForm(rawValue: form % 4)!.file(input.dropFirst()) else { return }
      check(file)
    },
  ]

  /// What an input of `model-plain` stands for, after its first byte; the container is put around it, as no fuzzer
  /// guesses checksums.
  private enum PlainForm: UInt8 {
    case floatContent = 0
    case integerContent = 1
    /// All of the file between the magic and the checksum.
    case file = 2

    func file(_ input: ArraySlice<UInt8>) -> [UInt8] {
      var writer = ByteWriter()
      writer.write(bytes: ModelFormat.magic)
      if self == .file {
        writer.write(bytes: input)
      } else {
        writer.write(bytes: [UInt8(ModelFormat.version), rawValue])
        writer.writeCount(input.count)
        writer.write(bytes: storedDeflate(input))
      }
      writer.write(Zlib.crc32(writer.bytes))
      return writer.bytes
    }
  }

  /// What an input of `model-coded` stands for, after its first byte.
  private enum CodedForm: UInt8 {
    /// A coded stream.
    case stream = 0
    /// Two bytes of a length, so many bytes of graph and metadata, which are coded, and the rest of the stream.
    case graphAndRest = 1
    /// A plain content, coded where it is a model's.
    case plainContent = 2
    /// The length and the graph as above; then what the weights begin with, and zeros.
    case graphAndZeros = 3

    func file(_ input: ArraySlice<UInt8>) -> [UInt8]? {
      switch self {
      case .stream: return Container.write(coded: Array(input), flags: ModelFormat.quantizedFlag)
      case .graphAndRest, .graphAndZeros:
        guard input.count >= 2 else { return nil }
        let length = Int(input[input.startIndex]) | Int(input[input.startIndex + 1]) << 8
        let rest = input.dropFirst(2)
        let graph = Array(rest.prefix(length))
        let none = Model(values: [], nodes: [], inputs: [], outputs: [])
        var stream = CodedContent.write(graph, none).bytes + rest.dropFirst(length)
        if self == .graphAndZeros { stream += [UInt8](repeating: 0, count: 64) }
        return Container.write(coded: stream, flags: ModelFormat.quantizedFlag)
      case .plainContent:
        guard let model = try? ModelReader.readContent(Array(input), isQuantized: true).model, isSmall(model),
          let written = try? ModelWriter.write(model, packing: .coded)
        else { return nil }
        return written.bytes
      }
    }
  }

  private static func storedDeflate(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var writer = ByteWriter()
    writer.write(byte: 1)
    writer.write(UInt16(bytes.count))
    writer.write(~UInt16(bytes.count))
    writer.write(bytes: bytes)
    return writer.bytes
  }

  private static func plainSeeds() throws -> [[UInt8]] {
    var seeds: [[UInt8]] = []
    for file in try repositoryFiles("models/goldens", ending: ".swl") {
      guard let header = try? ModelReader.readHeader(file), !header.isCoded, file.count > 12 else { continue }
      seeds.append([PlainForm.file.rawValue] + file[3..<file.count - 4])
      if let content = try? Container.inflate(file, header, limits: ReadLimits()) {
        seeds.append([header.isQuantized ? 1 : 0] + content)
      }
    }
    return seeds
  }

  private static func codedSeeds() throws -> [[UInt8]] {
    var seeds: [[UInt8]] = []
    for file in try repositoryFiles("models/goldens", ending: ".swl") {
      guard let header = try? ModelReader.readHeader(file), file.count > 12 else { continue }
      if header.isCoded { seeds.append([CodedForm.stream.rawValue] + file[header.content]) }
      guard let model = try? ModelReader.read(file), model.isQuantized else { continue }
      let plain = try ModelWriter.write(model, packing: .plain)
      let content = try Container.inflate(plain.bytes, ModelReader.readHeader(plain.bytes), limits: ReadLimits())
      seeds.append([CodedForm.plainContent.rawValue] + content)
      let graph = content[..<(plain.graphByteCount + plain.metadataByteCount)]
      let length = [UInt8(truncatingIfNeeded: graph.count), UInt8(graph.count >> 8)]
      for form in [CodedForm.graphAndRest, .graphAndZeros] { seeds.append([form.rawValue] + length + graph) }
    }
    return seeds
  }

  private static func isSmall(_ model: Model) -> Bool {
    let elements = model.values.reduce(0) { $0 + $1.shape.count }
    return elements <= 1 << 12 && model.parameterCount <= 1 << 14 && model.multiplyAccumulates <= 1 << 18
  }

  /// Reads a file; what is accepted can be prepared, and, which takes longer and is asked of one in eight each, it runs
  /// and comes back from being written.
  private static func check(_ file: [UInt8]) {
    // The checksum's last byte decides, so that an input is always treated alike.
    let choice = file[file.count - 1]
    // Limits that most inputs reach soon; the default ones are for those that may take longest.
    let limits = choice & 63 == 2 ? nil : ReadLimits(memoryBytes: 1 << 18, steps: 1 << 15)
    guard let model = measured("reading", { try? ModelReader.read(file, limits: limits) }) else { return }
    let (mayRun, mayWrite) = (choice & 7 == 0, choice & 7 == 1)
    if model.isQuantized {
      // What one network takes to run is bounded too, but by what it computes, not by its file.
      let prepared = try? PreparedModel(model, runsOnce: true, memoryLimit: 32 << 20)
      if mayRun, let prepared, isSmall(model) { checkOutputs(prepared) }
    }
    guard mayWrite, isSmall(model) else { return }
    for packing in model.isQuantized ? [Packing.plain, .coded] : [.plain] {
      do {
        let written = try ModelWriter.write(model, packing: packing, effort: .fast)
        expect(try ModelReader.read(written.bytes) == model, "a model written \(packing) is another one when read")
      } catch { fatalError("a model that was read cannot be written \(packing) and read again: \(error.reason)") }
    }
  }

  /// The kernels chosen give the bytes that the definition gives.
  private static func checkOutputs(_ prepared: PreparedModel) {
    guard let reference = try? PreparedModel(prepared.model, kernels: .reference) else {
      fatalError("prepared with the kernels of this machine but not with the reference")
    }
    expect(outputs(prepared) == outputs(reference), "outputs differ from the reference")
  }

  private static func outputs(_ prepared: PreparedModel) -> [[UInt8]] {
    let model = prepared.model
    let inputs = model.inputs.map { input -> [UInt8] in
      (0..<model.values[input].shape.count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ input) }
    }
    let rooms = model.outputs.map { output in
      UnsafeMutableRawBufferPointer.allocate(
        byteCount: model.values[output].shape.count * model.values[output].element.byteCount, alignment: 64)
    }
    defer { for room in rooms { room.deallocate() } }
    let copies = inputs.map { bytes in
      let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
      _ = copy.initialize(from: bytes)
      return copy
    }
    defer { for copy in copies { copy.deallocate() } }
    let starts = copies.map { UnsafePointer($0.baseAddress!) }
    let ends = rooms.map { $0.baseAddress! }
    Session(prepared).run(inputs: starts.span, outputs: ends.span)
    return rooms.map { [UInt8]($0) }
  }
}
