import Foundation
import SwiftletBytes
import SwiftletData
import SwiftletFormat
import SwiftletModel
import SwiftletSearch

/// A model read from a file.
struct ModelFile {
  let path: String
  let contents: ReadModel
  let byteCount: Int

  var model: Model { contents.model }
  /// What to call the file in print.
  var name: String { inputName(path) }

  /// - Parameter bytes: The file's, where they are read already.
  init(_ path: String, bytes: [UInt8]? = nil) throws {
    self.path = path
    let bytes = try bytes ?? Self.bytes(of: path)
    byteCount = bytes.count
    do throws(ModelFormatError) { contents = try ModelReader.readDetailed(bytes, limits: LimitOptions.models) } catch {
      throw Failure("\(inputName(path)): \(Failure.describe(error))")
    }
  }

  /// Reads a file that is to hold a model.
  static func bytes(of path: String) throws -> [UInt8] { try readBytes(path, limit: 1 << 28) }

  /// The images of `data` on each side of the split that training recorded in the model.
  func heldOut(of data: Dataset) throws -> HeldOut {
    do { return try HeldOut(model, data: data) } catch { throw Failure("\(name): \(error)") }
  }

  /// A float model, or a failure that says what to do.
  static func float(_ path: String, for purpose: String) throws -> ModelFile {
    let file = try ModelFile(path)
    guard !file.model.isQuantized else {
      throw Failure("\(file.name): is already quantized; \(purpose) needs the float model that 'swiftlet train' wrote")
    }
    return file
  }

  /// A quantized model, or a failure that says what to do.
  static func quantized(_ path: String, for purpose: String, bytes: [UInt8]? = nil) throws -> ModelFile {
    let file = try ModelFile(path, bytes: bytes)
    guard file.model.isQuantized else {
      throw Failure(
        "\(file.name): is a float model; \(purpose) needs an int8 one: run 'swiftlet quantize' or 'compress'")
    }
    return file
  }
}

/// The bytes of a file the user named, `-` being standard input.
func readBytes(_ path: String, limit: Int) throws -> [UInt8] {
  do throws(FileError) {
    return path == standardStream
      ? try FileBytes.readStandardInput(limit: limit) : try FileBytes.read(path, limit: limit)
  } catch { throw Failure("\(inputName(path)): \(Failure.describe(error))") }
}

/// What to call a file in print that is read.
func inputName(_ path: String) -> String { path == standardStream ? "standard input" : shown(path) }

/// What to call a file in print that is written.
func outputName(_ path: String) -> String { path == standardStream ? "standard output" : shown(path) }

/// Files are written whole or not at all.
enum OutputFile {
  static func write(_ bytes: [UInt8], to path: String, force: Bool) throws {
    if isStandardOutput(path) { return try Console.write(bytes) }
    do throws(FileError) { try FileBytes.write(bytes, to: path, replacing: force) } catch {
      throw Failure("\(outputName(path)): \(Failure.describe(error))")
    }
  }

  /// Writes what took long to make; where that fails, to the system's folder for temporary files, and says so.
  static func write(rescuing bytes: [UInt8], to path: String, force: Bool) throws {
    do { try write(bytes, to: path, force: force) } catch let failure as Failure {
      let rescue = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-\(UUID().uuidString).swl")
        .path
      guard (try? write(bytes, to: rescue, force: false)) != nil else { throw failure }
      throw Failure("\(failure.message); the model is in \(shown(rescue)) instead: move it where it belongs")
    }
  }

  @discardableResult
  static func write(
    _ model: Model, to path: String, packing: Packing = .smallest, force: Bool, rescues: Bool = false
  ) throws -> WrittenModel {
    let written: WrittenModel
    do throws(ModelFormatError) { written = try ModelWriter.write(model, packing: packing) } catch {
      throw Failure("\(outputName(path)): \(Failure.describe(error))")
    }
    try rescues
      ? write(rescuing: written.bytes, to: path, force: force) : write(written.bytes, to: path, force: force)
    return written
  }
}
