import SwiftletBytes

/// Why a recording cannot be read.
public enum WAVError: Error, Sendable {
  /// No bytes at all.
  case empty
  /// Not a RIFF file of form WAVE.
  case notWAV
  /// A chunk ends too early.
  case bytes(ByteError)
  /// No chunk of this name before the samples.
  case missingChunk(String)
  /// Another coding than PCM (1).
  case coding(Int)
  case channelCount(Int)
  case bitsPerSample(Int)
  /// Outside `WAVFile.sampleRates`.
  case sampleRate(Int)
  /// A data chunk without samples, or with half a sample at its end.
  case dataByteCount(Int)
}

/// A RIFF WAVE file of 16-bit PCM samples in one channel (IBM and Microsoft, "Multimedia Programming Interface and
/// Data Specifications 1.0", 1991).
///
/// Chunks other than `fmt ` and `data` are passed over, as is all that follows the samples.
struct WAVFile: Sendable {
  /// Samples per second.
  let sampleRate: Int
  /// At least one.
  let samples: [Int16]

  static var sampleRates: ClosedRange<Int> { 8000...48_000 }
  /// The most bytes a file may have: 64 MiB.
  static var byteLimit: Int { 1 << 26 }

  init(_ bytes: [UInt8]) throws(WAVError) {
    guard !bytes.isEmpty else { throw .empty }
    guard bytes.count >= 12, bytes[0..<4].elementsEqual("RIFF".utf8), bytes[8..<12].elementsEqual("WAVE".utf8) else {
      throw .notWAV
    }
    var format: Format?
    var cursor = ByteCursor(bytes, range: 12..<bytes.count)
    while !cursor.isAtEnd {
      let chunk: Chunk
      do throws(ByteError) { chunk = try Chunk(&cursor) } catch { throw .bytes(error) }
      if chunk.isNamed("fmt ") { format = try Format(bytes, chunk.range) }
      guard chunk.isNamed("data") else { continue }
      guard let format else { throw .missingChunk("fmt") }
      guard !chunk.range.isEmpty, chunk.range.count % 2 == 0 else { throw .dataByteCount(chunk.range.count) }
      sampleRate = format.sampleRate
      samples = stride(from: chunk.range.lowerBound, to: chunk.range.upperBound, by: 2).map {
        Int16(bitPattern: UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8)
      }
      return
    }
    throw .missingChunk("data")
  }

  private struct Chunk {
    let name: ArraySlice<UInt8>
    let range: Range<Int>

    /// Chunks start at even offsets; the byte between two may be missing at the file's end.
    init(_ cursor: inout ByteCursor) throws(ByteError) {
      name = try cursor.readBytes("WAV chunk name", count: 4)
      let byteCount: UInt32 = try cursor.read("WAV chunk size")
      range = try cursor.readRange("WAV chunk", count: Int(byteCount))
      if byteCount % 2 == 1, !cursor.isAtEnd { _ = try cursor.readByte("WAV padding") }
    }

    func isNamed(_ text: String) -> Bool { name.elementsEqual(text.utf8) }
  }

  private struct Format {
    let sampleRate: Int

    init(_ bytes: [UInt8], _ range: Range<Int>) throws(WAVError) {
      let coding, channelCount, rate, bits: Int
      do throws(ByteError) {
        var cursor = ByteCursor(bytes, range: range)
        let tag = Int(try cursor.read("WAV coding", as: UInt16.self))
        channelCount = Int(try cursor.read("WAV channels", as: UInt16.self))
        rate = Int(try cursor.read("WAV sample rate", as: UInt32.self))
        // Bytes per second and per frame follow from the rest.
        _ = try cursor.readRange("WAV format", count: 6)
        bits = Int(try cursor.read("WAV bits per sample", as: UInt16.self))
        // WAVE_FORMAT_EXTENSIBLE: the coding is the start of a GUID behind 8 more bytes.
        if tag == 0xFFFE {
          _ = try cursor.readRange("WAV format", count: 8)
          coding = Int(try cursor.read("WAV coding", as: UInt16.self))
        } else {
          coding = tag
        }
      } catch { throw .bytes(error) }
      guard coding == 1 else { throw .coding(coding) }
      guard channelCount == 1 else { throw .channelCount(channelCount) }
      guard bits == 16 else { throw .bitsPerSample(bits) }
      guard WAVFile.sampleRates.contains(rate) else { throw .sampleRate(rate) }
      sampleRate = rate
    }
  }
}
