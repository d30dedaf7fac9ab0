import Foundation
import SwiftletBytes
import TestSupport
import Testing

@Suite struct FileBytesTests {
  /// An empty folder of its own, removed by `body`'s end.
  func withFolder(_ body: (String) throws -> Void) throws {
    let folder = try TemporaryFolder()
    try withExtendedLifetime(folder) { try body(folder.path) }
  }

  func names(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  func reason(_ body: () throws -> Void) -> FileError.Reason? {
    #expect(throws: FileError.self) { try body() }?.reason
  }

  @Test(arguments: [0, 1, 65535, 65536, 65537, 1_000_000])
  func filesRoundTrip(_ count: Int) throws {
    try withFolder { folder in
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      try FileBytes.write(bytes, to: folder + "/a", replacing: false)
      #expect(try FileBytes.read(folder + "/a", limit: count) == bytes)
      if count > 0 {
        #expect(reason { _ = try FileBytes.read(folder + "/a", limit: count - 1) } == .tooLarge)
      }
      #expect(try names(folder) == ["a"])
    }
  }

  @Test func existingFilesAreReplacedOnlyWhenAsked() throws {
    try withFolder { folder in
      try FileBytes.write([1], to: folder + "/a", replacing: false)
      #expect(FileBytes.exists(folder + "/a"))
      #expect(!FileBytes.exists(folder + "/b"))
      #expect(reason { try FileBytes.write([2], to: folder + "/a", replacing: false) } == .exists)
      #expect(try FileBytes.read(folder + "/a", limit: 9) == [1])
      try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: folder + "/a")
      try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: "a")
      try FileBytes.write([3], to: folder + "/link", replacing: true)
      #expect(try FileBytes.read(folder + "/a", limit: 9) == [3])
      let attributes = try FileManager.default.attributesOfItem(atPath: folder + "/a")
      #expect(attributes[.posixPermissions] as? Int == 0o640)
      #expect(try names(folder) == ["a", "link"])
    }
  }

  @Test func eachFailureHasItsReason() throws {
    try withFolder { folder in
      try FileBytes.write([1], to: folder + "/a", replacing: false)
      #expect(reason { _ = try FileBytes.read(folder + "/missing", limit: 9) } == .missing)
      #expect(reason { _ = try FileBytes.read(folder, limit: 9) } == .isDirectory)
      #expect(reason { _ = try FileBytes.read(folder + "/a/b", limit: 9) } == .badName)
      #expect(reason { try FileBytes.write([1], to: folder, replacing: true) } == .isDirectory)
      #expect(reason { try FileBytes.write([1], to: folder + "/no/b", replacing: false) } == .folderMissing)
      #expect(reason { try FileBytes.write([1], to: "", replacing: false) } == .badName)
      #expect(reason { try FileBytes.write([1], to: folder + "/a/b", replacing: false) } == .badName)
      #expect(try names(folder) == ["a"])
    }
  }

  @Test(.enabled(if: geteuid() != 0, "root may do anything"))
  func permissionIsNamed() throws {
    try withFolder { folder in
      try FileBytes.write([1], to: folder + "/a", replacing: false)
      try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: folder + "/a")
      #expect(reason { _ = try FileBytes.read(folder + "/a", limit: 9) } == .permission)
      try FileManager.default.setAttributes([.posixPermissions: 0o500], ofItemAtPath: folder)
      #expect(reason { try FileBytes.write([1], to: folder + "/b", replacing: false) } == .permission)
      try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder)
    }
  }

  @Test func pipesAreReadToTheirEndAndWithinTheLimit() throws {
    try withFolder { folder in
      let path = folder + "/pipe"
      #expect(mkfifo(path, 0o600) == 0)
      for limit in [200_000, 199_999] {
        let writer = Thread {
          let handle = FileHandle(forWritingAtPath: path)
          try? handle?.write(contentsOf: Data(repeating: 7, count: 200_000))
          try? handle?.close()
        }
        writer.start()
        if limit == 200_000 {
          let bytes = try FileBytes.read(path, limit: limit)
          #expect(bytes == [UInt8](repeating: 7, count: 200_000))
        } else {
          #expect(reason { _ = try FileBytes.read(path, limit: limit) } == .tooLarge)
        }
      }
    }
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
  func aFullDeviceIsNamed() {
    #expect(reason { try FileBytes.write([1], to: "/dev/full", replacing: false) } == .noSpace)
  }

  @Test func aFileThatDoesNotFitLeavesNothingBehind() throws {
    // A file-size limit far above what other tests write stands in for a full disk.
    signal(SIGXFSZ, SIG_IGN)
    var previous = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &previous)
    var small = previous
    small.rlim_cur = 64 << 20
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &small)
    defer { setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &previous) }
    try withFolder { folder in
      try FileBytes.write([1], to: folder + "/old", replacing: false)
      let bytes = [UInt8](repeating: 1, count: 65 << 20)
      #expect(reason { try FileBytes.write(bytes, to: folder + "/new", replacing: false) } == .noSpace)
      #expect(reason { try FileBytes.write(bytes, to: folder + "/old", replacing: true) } == .noSpace)
      #expect(try names(folder) == ["old"])
      #expect(try FileBytes.read(folder + "/old", limit: 9) == [1])
    }
  }
}
