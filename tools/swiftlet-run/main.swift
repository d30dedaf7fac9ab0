import CSwiftletPlatform
import SwiftletBytes

/// What --version prints; tools/swiftlet states the same.
let version: StaticString = "swiftlet-run 0.1.0\n"

let help: StaticString = """
  swiftlet-run MODEL INPUT... [options]

  Runs a quantized .swl model on images and prints, for each, the label and its probability.

  An INPUT is a PNG, PBM, PGM, PPM, idx or idx.gz file, raw bytes, or - for standard input. Nothing is resized: an
  image must have the size and channels the model takes. A file of several images gives a line for each, beginning
  with its index; several files give lines that begin with the file's name. What looks like another kind of file (a
  JPEG, a ZIP archive, a text) is refused, not read as raw bytes, unless its name ends in .raw.

    --top N          print the N likeliest labels (1)
    --json           print a JSON object for each image
    --threads N      threads that share a file's images (1)
    --verify         recompute the self-test in MODEL with every kernel of this CPU; needs no INPUT
    --no-limits      read MODEL and INPUT, and run MODEL, however much memory and time it takes
    --kernels NAME   compute with these kernels only, as the environment variable SWIFTLET_KERNELS does
    --version        print the version
    --help           print this

  Exit codes: 0 success, 1 failure, 2 usage.

  """

/// The whole program; returns the exit code.
func runProgram() -> Int32 {
  let options: Options
  do throws(UsageError) { options = try Options(argumentCount: Int(swl_argument_count())) } catch {
    reportError(error.text, "; see swiftlet-run --help")
    return 2
  }
  var output = Output()
  do throws(Failure) {
    if options.showsHelp {
      output.text.write(text: help)
    } else if options.showsVersion {
      output.text.write(text: version)
    } else {
      // What was computed before a failure is still printed.
      do throws(Failure) { try Program.run(options, to: &output) } catch {
        try output.flush()
        throw error
      }
    }
    try output.flush()
  } catch {
    reportError(error.text)
    return 1
  }
  return 0
}

swl_keep_freed_memory()
swl_exit(runProgram())
