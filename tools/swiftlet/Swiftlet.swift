import ArgumentParser
import Foundation
import SwiftletBytes

@main
enum Main {
  /// Exit codes: 0 success, 1 failure, 2 usage.
  static func main() {
    let arguments = Self.arguments
    signal(SIGPIPE, SIG_IGN)
    do {
      var command = try Swiftlet.parseAsRoot(arguments)
      try command.run()
    } catch let failure as Failure {
      Console.error(failure.message)
      exit(failure.code)
    } catch {
      let code = Swiftlet.exitCode(for: error)
      if code == .success { Swiftlet.exit(withError: error) }
      if Failure.isUsage(error) {
        let message = Swiftlet.message(for: error)
        let end = message.hasSuffix(".") || message.hasSuffix("?") ? "" : "."
        Console.error("\(message)\(end) See 'swiftlet --help' or 'swiftlet help <subcommand>'.")
        exit(2)
      }
      Console.error(Failure.describe(error))
      exit(1)
    }
  }
}

extension Main {
  /// What follows the program's name, file names that are not UTF-8 without loss (`FileName`).
  private static var arguments: [String] {
    (1..<max(1, Int(CommandLine.argc))).compactMap { index in
      CommandLine.unsafeArgv[index].map { FileName.text(cStringBytes($0)) }
    }
  }
}

struct Swiftlet: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "swiftlet",
    abstract: "Trains neural networks, compresses them and measures them as tiny integer programs.",
    discussion: """
      A typical day:
        swiftlet train --data mnist -o mnist.swl
        swiftlet compress mnist.swl --data mnist -o mnist-int8.swl --max-drop 0.1
        swiftlet-run mnist-int8.swl digit.png

      --data takes a folder with MNIST's four idx files (see tools/fetch-mnist), a folder of class folders of PNG \
      images, or 'synthetic' for generated digits ('swiftlet help train' tells all). Exit codes: 0 success, 1 failure, 2 usage.
      """,
    version: swiftletVersion,
    subcommands: [
      Train.self, Compress.self, Shrink.self, Prune.self, Quantize.self, Pack.self, Eval.self, Inspect.self,
      Diff.self, Bench.self, Verify.self, Digits.self,
    ])
}
