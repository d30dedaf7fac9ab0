import SwiftletBytes
import SwiftletImages

/// Why a recording cannot be read.
public enum WAVError: Error, Sendable {
  /// No bytes at all.
  case empty
  /// Not a RIFF file of form WAVE, but maybe one of a known kind.
  case notWAV(FileKind?)
  /// A chunk ends too early.
  case bytes(ByteError)
  /// No chunk of this name before the samples.
  case missingChunk(String)
  /// Neither PCM (1) nor floating-point numbers (3).
  case coding(Int)
  case channelCount(Int)
  /// PCM samples of another size than 8, 16, 24 or 32 bits, floating-point ones of another than 32, or a size that
  /// disagrees with the block align, the bytes that a sample takes.
  case sampleSize(bits: Int, blockAlign: Int, isFloat: Bool)
  /// A floating-point sample that is no number.
  case notANumber
  /// Outside `WAVFile.sampleRates`.
  case sampleRate(Int)
  /// A data chunk without samples, or with a part of a sample at its end.
  case dataByteCount(Int)
}

/// A RIFF WAVE file of samples in one channel, as 16 bits (IBM and Microsoft, "Multimedia Programming Interface and
/// Data Specifications 1.0", 1991).
///
/// PCM of 8, 16, 24 and 32 bits and floating-point samples of 32 bits (full scale 1, or 32768 here) are read; what 16
/// bits cannot hold is rounded to the nearest, ties upwards, and saturates. Chunks other than `fmt ` and `data` are
/// passed over, and so is all that follows the samples. Programs that write into a pipe do not know sizes: that of RIFF
/// is not looked at, and samples go to the file's end where the size of `data` is 0 or lies beyond it (0xFFFFFFFF from
/// ffmpeg, 0x7FFFF000 from sox); a part of a sample there is dropped.
package struct WAVFile: Sendable {
  /// Samples per second.
  package let sampleRate: Int
  /// At least one.
  package let samples: [Int16]

  static var sampleRates: ClosedRange<Int> { 8000...48_000 }
  /// The most bytes a file may have: 64 MiB.
  static var byteLimit: Int { 1 << 26 }

  /// Reads a whole file; its samples take at most twice its bytes.
  package init(_ bytes: [UInt8]) throws(WAVError) {
    guard !bytes.isEmpty else { throw .empty }
    guard bytes.count >= 12, bytes[0..<4].elementsEqual("RIFF".utf8), bytes[8..<12].elementsEqual("WAVE".utf8) else {
      throw .notWAV(FileKind.recognized(bytes))
    }
    var format: WAVFormat?
    var cursor = ByteCursor(bytes, range: 12..<bytes.count)
    while !cursor.isAtEnd {
      let chunk: Chunk
      do throws(ByteError) { chunk = try Chunk(&cursor) } catch { throw .bytes(error) }
      if chunk.isNamed("fmt ") { format = try WAVFormat(bytes, chunk.range) }
      guard chunk.isNamed("data") else { continue }
      guard let format else { throw .missingChunk("fmt") }
      let count = chunk.range.count / format.byteCount
      guard count > 0, chunk.isStreamed || chunk.range.count % format.byteCount == 0 else {
        throw .dataByteCount(chunk.range.count)
      }
      sampleRate = format.sampleRate
      samples = try format.samples(bytes, from: chunk.range.lowerBound, count: count)
      return
    }
    throw .missingChunk("data")
  }

  private struct Chunk {
    let name: ArraySlice<UInt8>
    let range: Range<Int>
    /// A data chunk whose size was not known when it was written.
    let isStreamed: Bool

    /// Chunks start at even offsets; the byte between two may be missing at the file's end.
    init(_ cursor: inout ByteCursor) throws(ByteError) {
      name = try cursor.readBytes("WAV chunk name", count: 4)
      let byteCount = Int(try cursor.read("WAV chunk size", as: UInt32.self))
      isStreamed =
        name.elementsEqual("data".utf8)
        && (byteCount > cursor.remaining || byteCount == 0 && !Self.areChunks(cursor))
      range = try cursor.readRange("WAV chunk", count: isStreamed ? cursor.remaining : byteCount)
      if byteCount % 2 == 1, !cursor.isAtEnd { _ = try cursor.readByte("WAV padding") }
    }

    func isNamed(_ text: String) -> Bool { name.elementsEqual(text.utf8) }

    /// Whether all that is left is chunks: then a data chunk of no bytes is truly empty.
    private static func areChunks(_ cursor: ByteCursor) -> Bool {
      var cursor = cursor
      while !cursor.isAtEnd {
        guard (try? cursor.readRange("WAV chunk name", count: 4)) != nil,
          let byteCount = try? cursor.read("WAV chunk size", as: UInt32.self),
          (try? cursor.readRange("WAV chunk", count: Int(byteCount))) != nil
        else { return false }
        if byteCount % 2 == 1, !cursor.isAtEnd { _ = try? cursor.readByte("WAV padding") }
      }
      return true
    }
  }
}

/// How a WAV file's samples are coded.
private struct WAVFormat {
  let sampleRate: Int
  /// Bytes of a sample.
  let byteCount: Int
  private let isFloat: Bool

  /// Reads the `fmt ` chunk, which lies at `range`.
  init(_ bytes: [UInt8], _ range: Range<Int>) throws(WAVError) {
    let coding, channelCount, rate, blockAlign, bits: Int
    do throws(ByteError) {
      var cursor = ByteCursor(bytes, range: range)
      let tag = Int(try cursor.read("WAV coding", as: UInt16.self))
      channelCount = Int(try cursor.read("WAV channels", as: UInt16.self))
      rate = Int(try cursor.read("WAV sample rate", as: UInt32.self))
      // Bytes per second follow from the rest.
      _ = try cursor.readRange("WAV format", count: 4)
      blockAlign = Int(try cursor.read("WAV block align", as: UInt16.self))
      bits = Int(try cursor.read("WAV bits per sample", as: UInt16.self))
      // WAVE_FORMAT_EXTENSIBLE: the coding is the start of a GUID behind 8 more bytes.
      if tag == 0xFFFE {
        _ = try cursor.readRange("WAV format", count: 8)
        coding = Int(try cursor.read("WAV coding", as: UInt16.self))
      } else {
        coding = tag
      }
    } catch { throw .bytes(error) }
    guard coding == 1 || coding == 3 else { throw .coding(coding) }
    guard channelCount == 1 else { throw .channelCount(channelCount) }
    isFloat = coding == 3
    byteCount = bits / 8
    let isKnown = isFloat ? bits == 32 : [8, 16, 24, 32].contains(bits)
    // Samples may lie in more bytes than they need.
    guard isKnown, blockAlign == byteCount else {
      throw .sampleSize(bits: bits, blockAlign: blockAlign, isFloat: isFloat)
    }
    guard WAVFile.sampleRates.contains(rate) else { throw .sampleRate(rate) }
    sampleRate = rate
  }

  /// `count` samples as 16 bits.
  func samples(_ bytes: [UInt8], from start: Int, count: Int) throws(WAVError) -> [Int16] {
    var samples: [Int16] = []
    samples.reserveCapacity(count)
    for first in stride(from: start, to: start + count * byteCount, by: byteCount) {
      var word: UInt32 = 0
      for index in 0..<byteCount { word |= UInt32(bytes[first + index]) << UInt32(32 - 8 * (byteCount - index)) }
      if isFloat {
        let value = (Double(Float(bitPattern: word)) * 32768 + 0.5).rounded(.down)
        guard !value.isNaN else { throw .notANumber }
        samples.append(Int16(min(max(value, -32768), 32767)))
      } else {
        // 8 bits are unsigned, zero being 128.
        let value = Int(Int32(bitPattern: byteCount == 1 ? word ^ 1 << 31 : word))
        samples.append(Int16(clamping: (value + 1 << 15) >> 16))
      }
    }
    return samples
  }
}
