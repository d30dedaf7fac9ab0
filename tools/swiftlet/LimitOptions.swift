import ArgumentParser
import SwiftletBytes
import SwiftletFormat
import SwiftletRuntime
import Synchronization

/// Whether small files may ask for much memory and time.
struct LimitOptions: ParsableArguments {
  @Flag(
    name: .customLong("no-limits"),
    help: "Read files however much memory and time they take; without this a small file may not take much.")
  var areLifted = false

  // Read wherever a command opens a file, of which some have no options of their own.
  func validate() { if areLifted { Self.lifted.store(true, ordering: .relaxed) } }

  private static let lifted = Atomic(false)

  /// What reading a model may take; nil for the defaults.
  static var models: ReadLimits? { lifted.load(ordering: .relaxed) ? .lifted : nil }

  /// What a model may take to run; nil for the default.
  static var running: Int? { lifted.load(ordering: .relaxed) ? PreparedModel.liftedMemoryLimit : nil }

  /// What decoding an image, a recording or an idx file may make of it; nil for the default.
  static var decoding: DecodeLimit? { lifted.load(ordering: .relaxed) ? .lifted : nil }
}
