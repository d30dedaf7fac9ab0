import CFuzzDriver
import Foundation

// The program behind tools/fuzz, which says how it is used:
//   swiftlet-fuzz list                     the targets and the longest input of each
//   swiftlet-fuzz seeds TARGET FOLDER      writes seed inputs, and a dictionary beside the folder
//   swiftlet-fuzz TARGET [LIBFUZZER ...]   fuzzes, or runs the inputs named
let arguments = CommandLine.arguments

func stop(_ message: String) -> Never {
  FileHandle.standardError.write(Data("error: \(message)\n".utf8))
  exit(2)
}

func target(_ name: String) -> FuzzTarget {
  guard let found = FuzzTarget.all.first(where: { $0.name == name }) else {
    stop("no target '\(name)'; there are \(FuzzTarget.all.map(\.name).joined(separator: ", "))")
  }
  return found
}

switch arguments.dropFirst().first {
case nil: stop("give a target; tools/fuzz --help says more")
case "list": for target in FuzzTarget.all { print(target.name, target.longestInput) }
case "seeds":
  guard arguments.count == 4 else { stop("give a target and a folder") }
  do { try target(arguments[2]).writeSeeds(to: arguments[3]) } catch { stop("\(error)") }
case let name?:
  FuzzTarget.current = target(name)
  var pointers = ([arguments[0]] + arguments.dropFirst(2)).map { strdup($0) }
  exit(
    swl_fuzz_run(Int32(pointers.count), &pointers) { bytes, count in
      FuzzTarget.current.run([UInt8](UnsafeBufferPointer(start: bytes, count: count)))
      return 0
    })
}
