extension Dataset {
  /// Recordings as log-mel images of 32 x 32, one channel (`LogMelSpectrogram`).
  init(recordings listing: FolderListing) throws(DataError) {
    var first: (path: String, rate: Int, spectrogram: LogMelSpectrogram)?
    var pixels: [UInt8] = []
    for sample in listing.samples {
      let bytes = try Self.readFile(sample.path, limit: WAVFile.byteLimit)
      let file: WAVFile
      do throws(WAVError) { file = try WAVFile(bytes) } catch {
        throw DataError(.recording(error), path: sample.path)
      }
      let known = first ?? (sample.path, file.sampleRate, LogMelSpectrogram(sampleRate: file.sampleRate))
      guard known.rate == file.sampleRate else {
        throw DataError(.sampleRateDiffers(file.sampleRate, first: known.path, rate: known.rate), path: sample.path)
      }
      first = known
      let image = known.spectrogram.image(of: file.samples)
      guard pixels.count + image.count <= Self.byteLimit else {
        throw DataError(.tooManyPixels(limit: Self.byteLimit), path: listing.path)
      }
      pixels += image
    }
    self.init(
      height: LogMelSpectrogram.bandCount, width: LogMelSpectrogram.frameCount, channels: 1, images: pixels,
      labels: listing.samples.map(\.label), classNames: listing.classNames, isSpectrogram: true)
    sampleRate = first?.rate
  }
}
