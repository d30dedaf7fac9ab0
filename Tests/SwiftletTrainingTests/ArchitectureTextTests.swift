import Foundation
import SwiftletTraining
import Testing

/// Architecture files as text: what is no JSON, or more than JSON says, is told with its line.
@Suite struct ArchitectureTextTests {
  static let good = "{\"input\": [2, 2, 1],\n\"layers\": [\n{\"type\": \"flatten\"}\n]}"

  static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  /// Each text, and what its message must say.
  static let faults: [(text: [UInt8], message: String)] = [
    (bytes(""), "it is empty"),
    (bytes(" \n\t"), "it is empty"),
    (
      bytes("{\"input\": [2, 2, 1],\n\"layers\": [\n{\"type\": \"flatten\"},\n]}"),
      "line 3: nothing follows this ','; remove it"
    ),
    (bytes("{\"input\": [2, 2, 1],\n}"), "line 1: nothing follows this ','"),
    (bytes("{\n// two pixels\n\"input\": [2, 2, 1]}"), "line 2: JSON has no comments"),
    (bytes("{\"input\": [2, /* y */ 2, 1]}"), "line 1: JSON has no comments"),
    (bytes("{\"input\": [2, 2, 1] # here\n}"), "line 1: JSON has no comments"),
    (bytes("{\"input\": [2, 2, 1],\n\n\"input\": [3, 3, 1]}"), "line 3: the key 'input' is given twice"),
    (
      bytes("{\"input\": [2, 2, 1], \"layers\": [{\"type\": \"relu\",\n\"\\u0074ype\": \"flatten\"}]}"),
      "line 2: the key 'type' is given twice"
    ),
    (bytes("{'input': [2, 2, 1]}"), "a key between double quotes is missing"),
    (bytes("{\"input\": 'x'}"), "between double quotes, not single"),
    (bytes("{input: [2, 2, 1]}"), "a key between double quotes is missing"),
    (bytes("{\"input\": [NaN, 2, 1]}"), "'NaN' is no value"),
    (bytes("{\"input\": [-Infinity, 2, 1]}"), "'-Infinity' is no value"),
    (bytes("{\"input\": [True, 2, 1]}"), "'True' is no value"),
    (bytes("{\"input\": [02, 2, 1]}"), "'02' is no value"),
    (bytes("{\"input\": [+2, 2, 1]}"), "'+2' is no value"),
    (bytes("{\"input\": [2., 2, 1]}"), "'2.' is no value"),
    (bytes("{\"input\": [.5, 2, 1]}"), "'.5' is no value"),
    (bytes("{\"input\": [0x10, 2, 1]}"), "'0x10' is no value"),
    (bytes("{\"input\": [1e, 2, 1]}"), "'1e' is no value"),
    (bytes("{\"input\": [1e400, 2, 1]}"), "the number '1e400' is too large"),
    (bytes("{\"input\" [2, 2, 1]}"), "a ':' is missing after 'input'"),
    (bytes("{\"input\": [2 2 1]}"), "a ',' or ']' is missing"),
    (bytes("{\"input\": [2, 2, 1]"), "ends before the closing '}'"),
    (bytes("{\"input\": [2, 2,"), "ends before the closing ']'"),
    (bytes("{\"input\":"), "ends where a value is missing"),
    (bytes("{\"input\": \"abc"), "no closing"),
    (bytes("{\"input\": \"a\nb\"}"), "a line break or control character"),
    (bytes("{\"input\": \"\\q\"}"), "unknown escape"),
    (bytes("{\"input\": \"\\u12\"}"), "four hexadecimal digits"),
    (bytes("{\"input\": \"\\ud800x\"}"), "half a surrogate pair"),
    (bytes(good + "\n,"), "line 5: there is more after the end"),
    (bytes(good + good), "line 4: there is more after the end"),
    (bytes(String(repeating: "[", count: 100_000)), "more than 32 deep"),
    (bytes(String(repeating: "{\"a\":", count: 100_000)), "more than 32 deep"),
    (bytes("{\"input\": \"") + [0xC3, 0x28] + bytes("\"}"), "not UTF-8"),
    ([0xFF, 0xFE] + good.utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }, "save it as UTF-8"),
    (good.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }, "save it as UTF-8"),
    (bytes("[]"), "must be a JSON object, not an empty list"),
    (bytes("3"), "must be a JSON object, not 3"),
  ]

  @Test(arguments: faults.indices) func faultsOfTheTextAreToldWithTheirLine(_ index: Int) {
    let (text, message) = Self.faults[index]
    let error = #expect(throws: ArchitectureError.self) { try Architecture.parse(Data(text)) }
    guard let description = error?.description else { return }
    #expect(description.contains(message), "\(description)")
    expectSentence(description)
  }

  /// Some editors write a mark before UTF-8; and any text may be cut anywhere.
  @Test func aByteOrderMarkIsSkippedAndEveryPrefixIsRefused() throws {
    let text = Self.bytes(Self.good)
    #expect(try Architecture.parse(Data([0xEF, 0xBB, 0xBF] + text)).nodes.count == 1)
    for count in 0..<text.count {
      #expect(throws: ArchitectureError.self) { try Architecture.parse(Data(text.prefix(count))) }
    }
  }

  /// Names may be any text; a message shows no control character of it.
  @Test func namesAreKeptAndShownClean() throws {
    func file(_ name: String, _ other: String) -> Data {
      Data(
        """
        {"input": [2, 2, 1], "layers": [{"type": "relu", "name": "\(name)"}, {"type": "relu", "inputs": "\(other)"}]}
        """.utf8)
    }
    let model = try Architecture.parse(file("a\\u001b[2J \\ud83d\\ude00\\n\\\"", "a\\u001b[2J \\ud83d\\ude00\\n\\\""))
    #expect(model.nodes[0].name == Array("a\u{1B}[2J \u{1F600}\n\"".utf8))
    for (name, other) in [("a", "b\\u001b[2J"), ("b\\u001b[2J", "c")] {
      let error = #expect(throws: ArchitectureError.self) { try Architecture.parse(file(name, other)) }
      #expect(error?.description.contains("b?[2J") == true, "\(error?.description ?? "")")
      #expect(error?.description.unicodeScalars.allSatisfy { $0.value >= 0x20 } == true)
    }
  }
}
