import ArgumentParser
import Foundation
import SwiftletBytes

@main
enum Main {
  /// Exit codes: 0 success, 1 failure, 2 usage.
  static func main() {
    let arguments = Self.arguments
    // Writing itself says that nobody reads, or that the file may not grow.
    for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_IGN) }
    holdStandardDescriptors()
    do {
      let options = arguments.contains(where: isNegativeNumber) ? Swiftlet.optionsWithValues() : []
      var command = try Swiftlet.parseAsRoot(joiningNegativeValues(arguments, options: options))
      if Swiftlet.configuration.subcommands.contains(where: { $0 == type(of: command) }) { try Environment.check() }
      try command.run()
    } catch { end(by: error) }
  }

  private static func end(by error: any Error) -> Never {
    if let failure = error as? Failure {
      Console.error(failure.message)
      exit(failure.code)
    }
    if Swiftlet.exitCode(for: error) == .success {
      do { try Console.print(Swiftlet.fullMessage(for: error)) } catch { end(by: error) }
      exit(0)
    }
    if Failure.isUsage(error) {
      Console.error("\(usageText(Swiftlet.message(for: error))) See 'swiftlet --help' or 'swiftlet help <subcommand>'.")
      exit(2)
    }
    Console.error(Failure.describe(error))
    exit(1)
  }

  /// Keeps a standard stream that is closed from becoming some file's: nothing can be read from or written to it.
  private static func holdStandardDescriptors() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) < 0 {
      _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
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
