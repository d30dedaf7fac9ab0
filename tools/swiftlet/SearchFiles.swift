import Foundation
import SwiftletBytes
import SwiftletReport
import SwiftletSearch

/// The files of a search under way: the best model so far, which is the output, and the state beside it.
struct SearchFiles {
  let output: String
  let statePath: String
  /// The search to go on with.
  let state: SearchState?
  /// Whether an output that is there is this search's own or given up.
  private var replaces: Bool
  private var savedCount = 0
  private var best: CompressionCandidate?

  static func statePath(for output: String) -> String { output + ".search" }

  var stateName: String { shown(statePath) }
  private var outputName: String { shown(output) }

  /// Looks for what a stopped search left, and for a file of the state's name that is somebody else's.
  ///
  /// - Throws: `Failure` where either is in the way.
  static func checkLeft(_ output: String, force: Bool, resumes: Bool) throws {
    let path = statePath(for: output)
    guard Folder.kind(path) == .file else { return }
    guard SearchState.isBegun(by: firstBytes(8, of: path) ?? [0]) else {
      throw Failure("\(shown(path)): is no state of a search; give another --output, or move that file")
    }
    guard force || resumes else {
      throw Failure("\(shown(path)): a stopped search left this; add --resume to go on, or --force to start anew")
    }
  }

  /// - Throws: `Failure` where the state is missing or damaged when it is to be resumed.
  init(output: String, force: Bool, resumes: Bool) throws {
    self.output = output
    statePath = Self.statePath(for: output)
    replaces = force || resumes
    guard resumes else {
      state = nil
      return
    }
    let bytes: [UInt8]
    do throws(FileError) { bytes = try FileBytes.read(statePath, limit: 1 << 30) } catch {
      throw Failure("\(shown(statePath)): \(Failure.describe(error)); \(Failure.advice(onResuming: error))")
    }
    do { state = try SearchState(json: Data(bytes)) } catch {
      throw Failure("\(shown(statePath)): is no intact state of a search; \(Failure.advice(onResuming: error))")
    }
    savedCount = 1
    best = state?.bestCandidate.flatMap { $0.meetsBudget ? $0 : nil }
  }

  /// Writes a better model within the budget, then the state.
  mutating func save(_ state: SearchState) throws {
    do {
      if let candidate = state.bestCandidate, candidate.meetsBudget, candidate.number != best?.number,
        let file = state.best?.file
      {
        try OutputFile.write(Array(file), to: output, force: replaces)
        replaces = true
        best = candidate
      }
      try OutputFile.write(Array(state.json()), to: statePath, force: true)
      savedCount += 1
    } catch let failure as Failure {
      guard savedCount > 0 else { throw failure }
      let kept = best == nil ? "" : "; \(outputName) has the best so far"
      throw Failure("\(failure.message)\(kept); the same command with --resume goes on")
    }
  }

  /// What to say when the search is stopped.
  var stopped: String {
    guard savedCount > 0 else { return "stopped; nothing was written" }
    let kept =
      best.map { "\(outputName) has the best so far (\($0.fileBytes.grouped) bytes, drop \($0.drop.fixed(2)) points)" }
      ?? "nothing met the budget yet"
    return "stopped; \(kept): the same command with --resume goes on"
  }

  /// What to say when nothing met the budget.
  var unmet: String {
    "\(stateName) keeps the search: --resume goes on with more --minutes or --epochs, or takes the nearest with --near-miss"
  }

  /// What to say when the search is done and a file could not be written.
  ///
  /// - Parameter hasWritten: Whether there are others that it wrote.
  func unfinished(hasWritten: Bool) -> String {
    "\(stateName) keeps the search: the same command with --resume\(hasWritten ? " and --force" : "") writes all files "
      + "at once"
  }

  /// Writes the result if it is not there.
  ///
  /// What is there may be another: of a candidate that a crash kept out of the state, or of somebody else.
  mutating func finish(_ result: CompressionResult) throws {
    if best?.number != result.report.chosen || (try? readBytes(output, limit: 1 << 30)) != result.file.bytes {
      try OutputFile.write(result.file.bytes, to: output, force: replaces)
    }
  }

  /// Removes the state of a search that can come to nothing, if it was begun here.
  func giveUp() { if state == nil, savedCount > 0 { removeState() } }

  func removeState() { try? FileBytes.remove(statePath) }
}
