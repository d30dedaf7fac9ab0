import Foundation
import SwiftletBytes

/// A file that a command is to write, as the command line names it.
struct PlannedOutput {
  /// `-` is standard output.
  var path: String
  /// What gave the name, such as "--report".
  var option: String
  /// Whether a terminal would show nonsense.
  var isBinary = false
  /// What the command does with it that only a file allows; nil where standard output or a device will do.
  var fileUse: String?
  /// Whether it is the command's own file of an earlier run, which is replaced without --force.
  var isOwn = false
}

/// All files that a command reads and writes, to be checked before it begins its work.
struct CommandFiles {
  /// Those to be read, `-` being standard input.
  var inputs: [String]
  var outputs: [PlannedOutput]
  /// Whether files that exist are replaced.
  var force = false
  /// Whether the command prints its result in a form that must stay alone on standard output.
  var printsJSON = false

  /// Refuses what would be found out only when the work is done; takes standard output where an output is `-`.
  ///
  /// - Throws: `Failure`.
  func check() throws {
    try checkStandardStreams()
    let files = outputs.filter { !isStandardOutput($0.path) }
    for output in files { try check(output) }
    var known: [String: String] = [:]
    for input in inputs where input != standardStream {
      if let identity = Self.identity(input) { known[identity] = "is also read" }
    }
    for output in files {
      guard let identity = Self.identity(output.path) else { continue }
      if let use = known[identity] {
        throw Failure.usage("\(shown(output.path)): \(use) by this command; give \(output.option) another name")
      }
      known[identity] = "is also written"
    }
  }

  private func checkStandardStreams() throws {
    guard inputs.count(where: { $0 == standardStream }) <= 1 else {
      throw Failure.usage("standard input (-) can be read only once; give the name of a file for the others")
    }
    let taking = outputs.filter { isStandardOutput($0.path) }
    guard let output = taking.first else { return }
    let name = "\(output.option) \(shown(output.path))"
    if let use = output.fileUse {
      throw Failure.usage("\(name): this command \(use), so it needs a file; give the name of one")
    }
    guard taking.count == 1, !printsJSON else {
      let other = taking.count > 1 ? taking[1].option : "--json"
      throw Failure.usage(
        "\(name) and \(other) both write to standard output; give the name of a file for one of them")
    }
    guard !output.isBinary || isatty(STDOUT_FILENO) == 0 else {
      throw Failure.usage("\(name): a terminal cannot show this file; redirect standard output")
    }
    Console.standardOutputIsTaken = true
  }

  private func check(_ output: PlannedOutput) throws {
    let path = output.path
    let name = shown(path)
    guard !path.isEmpty else { throw Failure.usage("the file name after \(output.option) is empty; give one") }
    var target = path
    switch PathKind(path) {
    case .folder: throw Failure("\(name): is a folder; give a file name")
    case .file:
      guard force || output.isOwn else {
        throw Failure("\(name): exists; use --force to replace it, or another name")
      }
      target = Self.identity(path) ?? path
    case .device:
      guard let use = output.fileUse else { return }
      throw Failure("\(name): is no regular file, and this command \(use); give the name of a file")
    case .danglingLink:
      guard force || output.isOwn else {
        throw Failure("\(name): is a link to a file that does not exist; use --force to replace it, or another name")
      }
    case .nothing:
      if path.hasSuffix("/") { throw Failure("\(name): names a folder; give a file name") }
    }
    try Self.probe(target, name: name)
  }

  /// Makes a file of the longest name that writing will need, and removes it: what permissions say is not all.
  private static func probe(_ path: String, name: String) throws {
    let probe = "\(path).tmp-\(getpid())-check"
    let descriptor = FileName.withCString(probe) { open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600) }
    if descriptor >= 0 {
      close(descriptor)
      _ = FileName.withCString(probe) { unlink($0) }
      return
    }
    let error = errno
    let parent = folder(of: path)
    let folder = "the folder \(shown(parent))"
    switch error {
    case ENOENT where PathKind(parent) == .nothing:
      throw Failure("\(name): \(folder) does not exist; create it first")
    case ENOTDIR: throw Failure("\(name): \(folder) is no folder; give another name")
    case ENAMETOOLONG: throw Failure("\(name): the name is too long; give a shorter one")
    case EACCES, EPERM: throw Failure("\(name): \(folder) is not writable; change its permissions or give another")
    case EROFS: throw Failure("\(name): \(folder) is on a file system that is read-only; give another")
    case ENOSPC, EDQUOT: throw Failure("\(name): no space is left in \(folder); free some or give another")
    default:
      throw Failure("\(name): \(folder) takes no new file: \(String(cString: strerror(error))); give another")
    }
  }

  /// The same text for the same file, whatever way its name leads there; nil where there is no such folder.
  private static func identity(_ path: String) -> String? {
    if let real = resolved(path) { return real }
    let name = path.unicodeScalars.split(separator: "/").last.map(String.init) ?? ""
    return resolved(folder(of: path)).map { "\($0)/\(name)" }
  }

  /// The path without links; nil where nothing has this name.
  private static func resolved(_ path: String) -> String? {
    guard let real = FileName.withCString(path, { realpath($0, nil) }) else { return nil }
    defer { free(real) }
    return FileName.text(cStringBytes(real))
  }

  /// The folder that holds what `path` names. `NSString.deletingLastPathComponent` crashes for a name of one letter.
  private static func folder(of path: String) -> String {
    guard let slash = path.unicodeScalars.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}

/// What a name stands for.
private enum PathKind {
  case nothing, file, folder, device, danglingLink

  init(_ path: String) {
    var status = stat()
    guard FileName.withCString(path, { stat($0, &status) }) == 0 else {
      self = FileName.withCString(path, { lstat($0, &status) }) == 0 ? .danglingLink : .nothing
      return
    }
    switch status.st_mode & S_IFMT {
    case S_IFDIR: self = .folder
    case S_IFREG: self = .file
    default: self = .device
    }
  }
}

/// What stands for standard input or output where a file is named.
let standardStream = "-"

/// Whether writing to `path` writes to standard output: it is `-`, or names the same, as /dev/stdout does.
///
/// Devices such as /dev/null do not count, which keep nothing that could be mixed.
func isStandardOutput(_ path: String) -> Bool {
  if path == standardStream { return true }
  var (output, file) = (stat(), stat())
  guard fstat(STDOUT_FILENO, &output) == 0, FileName.withCString(path, { stat($0, &file) }) == 0,
    output.st_dev == file.st_dev, output.st_ino == file.st_ino
  else { return false }
  return output.st_mode & S_IFMT != S_IFCHR || isatty(STDOUT_FILENO) == 1
}

/// The first bytes of a regular file; nil where there is none or it cannot be read.
func firstBytes(_ count: Int, of path: String) -> [UInt8]? {
  guard Folder.kind(path) == .file else { return nil }
  let descriptor = FileName.withCString(path) { open($0, O_RDONLY | O_CLOEXEC) }
  guard descriptor >= 0 else { return nil }
  defer { close(descriptor) }
  return [UInt8](unsafeUninitializedCapacity: count) { $1 = max(0, read(descriptor, $0.baseAddress, count)) }
}

/// A file's name as it may be printed.
func shown(_ path: String) -> String { printable(path.utf8) }
