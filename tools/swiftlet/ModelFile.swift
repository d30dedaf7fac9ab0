import Foundation
import SwiftletBytes
import SwiftletData
import SwiftletFormat
import SwiftletModel
import SwiftletPipeline

/// A model read from a file.
struct ModelFile {
  let path: String
  let contents: ReadModel
  let byteCount: Int

  var model: Model { contents.model }

  init(_ path: String) throws {
    self.path = path
    let bytes: [UInt8]
    do throws(FileError) { bytes = try FileBytes.read(path, limit: 1 << 28) } catch {
      throw Failure("\(path): \(Failure.describe(error))")
    }
    byteCount = bytes.count
    do throws(ModelFormatError) { contents = try ModelReader.readDetailed(bytes) } catch {
      throw Failure("\(path): \(Failure.describe(error))")
    }
  }

  /// The images of `data` on each side of the split that training recorded in the model.
  func heldOut(of data: Dataset) throws -> HeldOut {
    do { return try HeldOut(model, data: data) } catch { throw Failure("\(path): \(error)") }
  }

  /// A float model, or a failure that says what to do.
  static func float(_ path: String, for purpose: String) throws -> ModelFile {
    let file = try ModelFile(path)
    guard !file.model.isQuantized else {
      throw Failure("\(path): is already quantized; \(purpose) needs the float model that 'swiftlet train' wrote")
    }
    return file
  }

  /// A quantized model, or a failure that says what to do.
  static func quantized(_ path: String, for purpose: String) throws -> ModelFile {
    let file = try ModelFile(path)
    guard file.model.isQuantized else {
      throw Failure("\(path): is a float model; \(purpose) needs an int8 one: run 'swiftlet quantize' or 'compress'")
    }
    return file
  }
}

/// Files are written whole or not at all.
enum OutputFile {
  /// Refuses, before any work is done, an output that cannot be written.
  static func check(_ path: String, force: Bool) throws {
    let kind = Folder.kind(path)
    if kind == .folder { throw Failure("\(path): is a folder; give a file name") }
    if kind != .none, !force { throw Failure("\(path): exists; use --force to replace it, or another name") }
    let parent = (path as NSString).deletingLastPathComponent
    let folder = parent.isEmpty ? "." : parent
    guard Folder.kind(folder) == .folder else {
      throw Failure("\(path): the folder \(folder) does not exist; create it first")
    }
    guard Folder.isWritable(folder) else {
      throw Failure("\(path): the folder \(folder) is not writable")
    }
  }

  static func write(_ bytes: [UInt8], to path: String, force: Bool) throws {
    do throws(FileError) { try FileBytes.write(bytes, to: path, replacing: force) } catch {
      throw Failure("\(path): \(Failure.describe(error))")
    }
  }

  @discardableResult
  static func write(
    _ model: Model, to path: String, packing: Packing = .smallest, force: Bool
  ) throws -> WrittenModel {
    let written: WrittenModel
    do throws(ModelFormatError) { written = try ModelWriter.write(model, packing: packing) } catch {
      throw Failure("\(path): \(Failure.describe(error))")
    }
    try write(written.bytes, to: path, force: force)
    return written
  }
}
