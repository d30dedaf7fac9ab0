import Foundation
import SwiftletModel
import SwiftletTraining
import Testing

/// Every field of an architecture file with every kind of wrong value: all are refused, by one sentence that names the
/// place, the field and what is allowed.
@Suite struct ArchitectureFieldTests {
  /// JSON texts that are wrong for most fields.
  static let values = [
    "null", "true", "false", "\"x\"", "\"\"", "\"3\"", "[]", "[1]", "[1, true]", "[1, 2, 3, 4, 5]", "[[1], [2]]",
    "[1.5, 1.5]", "[null, null]", "{}", "{\"a\": 1}", "3.5", "-1", "0", "1e30", "-0.5", "16777217",
  ]

  /// What a field takes of `values`, rightly.
  enum Kind: String, CaseIterable {
    case count, divisor, size, shape, flag, epsilon, momentum, rate, bound, padding, activation, name, type

    var accepted: Set<String> {
      switch self {
      case .count, .size, .shape, .activation, .type: []
      case .divisor: ["16777217"]
      case .flag: ["true", "false"]
      // 1e30 is a number above 0.
      case .epsilon: ["3.5", "1e30", "16777217"]
      case .momentum, .rate: ["0"]
      case .bound: ["3.5", "16777217"]
      case .padding: ["0"]
      case .name: ["\"x\"", "\"3\""]
      }
    }
  }

  /// A good layer of each type, and each setting's kind.
  static let layers: [(type: String, settings: [(key: String, good: String, kind: Kind)])] = [
    ("conv2d", window + [("filters", "2", .count), ("groups", "1", .count), ("activation", "\"relu\"", .activation)]),
    ("depthwise_conv2d", window + [("multiplier", "1", .count), ("activation", "\"relu6\"", .activation)]),
    ("dense", [("units", "3", .count), ("activation", "\"none\"", .activation)]),
    ("max_pool2d", window + [("ceil_mode", "true", .flag)]),
    (
      "average_pool2d",
      window + [("ceil_mode", "false", .flag), ("count_padding", "true", .flag), ("divisor", "4", .divisor)]
    ),
    ("relu", []), ("bounded_relu", [("bound", "2.5", .bound)]), ("flatten", []), ("softmax", []),
    ("reshape", [("shape", "[4, 2, 4]", .shape)]),
    ("batch_norm", [("epsilon", "1e-5", .epsilon), ("momentum", "0.9", .momentum)]),
    ("dropout", [("rate", "0.5", .rate)]),
    ("add", [("inputs", "[\"input\", \"input\"]", .type), ("activation", "{\"bounded_relu\": 2}", .activation)]),
    ("concat", [("inputs", "[\"input\", \"input\"]", .type)]),
  ]
  static let window: [(key: String, good: String, kind: Kind)] = [
    ("kernel", "2", .size), ("stride", "[1, 1]", .size), ("dilation", "1", .size), ("padding", "\"same\"", .padding),
  ]

  static func file(_ layer: String) -> String { "{\"input\": [4, 4, 2], \"layers\": [\(layer)]}" }

  /// A layer of `type` with its good settings, but `value` for `key`.
  static func layer(
    _ type: String, _ settings: [(key: String, good: String, kind: Kind)], _ key: String, _ value: String
  )
    -> String
  {
    var members = settings.filter { $0.key != key }.map { "\"\($0.key)\": \($0.good)" } + ["\"\(key)\": \(value)"]
    if key != "type" { members.insert("\"type\": \"\(type)\"", at: 0) }
    return "{\(members.joined(separator: ", "))}"
  }

  @Test func everyGoodLayerIsRead() throws {
    for (type, settings) in Self.layers {
      let model = try Architecture.parse(Data(Self.file(Self.layer(type, settings, "name", "\"x\"")).utf8))
      #expect(model.nodes.count == 1 && model.nodes[0].name == Array("x".utf8), "\(type)")
    }
  }

  @Test func everyFieldOfEveryLayerIsTyped() throws {
    var refusals = 0
    for (type, settings) in Self.layers {
      let all = settings + [("name", "\"x\"", .name), ("type", "\"\(type)\"", .type), ("inputs", "\"input\"", .type)]
      for (key, _, kind) in all {
        for value in Self.values {
          let json = Self.file(Self.layer(type, settings, key, value))
          guard !kind.accepted.contains(value) else {
            _ = try Architecture.parse(Data(json.utf8))
            continue
          }
          let place = key == "type" ? "layer 0" : "layer 0 (\(type))"
          expectRefused(json, place, naming: key)
          refusals += 1
        }
      }
    }
    #expect(refusals > 1400)
  }

  @Test func theFieldsOfTheFileAndOfNormalizeAreTyped() {
    let layers = "\"layers\": [{\"type\": \"flatten\"}]"
    for value in Self.values {
      expectRefused("{\"input\": \(value), \(layers)}", "the architecture", naming: "input")
      expectRefused("{\"input\": [2, 2, 1], \"layers\": \(value)}", "layer", naming: "layer")
      expectRefused("{\"input\": [2, 2, 1], \"layers\": [\(value)]}", "layer 0", naming: "type")
      expectRefused("{\"input\": [2, 2, 1], \(layers), \"normalize\": \(value)}", "'normalize'", naming: "normalize")
      for key in ["mean", "std"] {
        let (other, good) = key == "mean" ? ("std", "[1, 1]") : ("mean", "[0, 0]")
        let normalize = "{\"\(key)\": \(value), \"\(other)\": \(good)}"
        guard value != "[1.5, 1.5]" else { continue }
        expectRefused(
          "{\"input\": [2, 2, 2], \(layers), \"normalize\": \(normalize)}", "'normalize'", naming: key)
      }
    }
    for (mean, deviation) in [
      ("0", "0"), ("0", "-1"), ("1e300", "1"), ("0", "1e-300"), ("0", "1e300"), ("3e38", "0.1"),
    ] {
      let normalize = "{\"mean\": [\(mean)], \"std\": [\(deviation)]}"
      expectRefused("{\"input\": [2, 2, 1], \(layers), \"normalize\": \(normalize)}", "'normalize'", naming: "std")
    }
  }

  /// In JSON 3, 3.0 and 0.3e1 are one number.
  @Test(arguments: ["3", "3.0", "0.3e1", "30e-1"])
  func wholeNumbersMayBeWrittenInAnyForm(_ text: String) throws {
    let json = Self.file("{\"type\": \"flatten\"}, {\"type\": \"dense\", \"units\": \(text)}")
    #expect(try Architecture.parse(Data(json.utf8)).values.last?.shape == Shape(vector: 3))
  }

  private func expectRefused(_ json: String, _ place: String, naming key: String) {
    let error = #expect(throws: ArchitectureError.self, "\(json)") { try Architecture.parse(Data(json.utf8)) }
    guard let text = error?.description else { return }
    #expect(text.contains(place) && text.contains(key), "\(json): \(text)")
    #expect(
      ["must be", "must have", "needs '", "known are", "Known are", "name the", "'inputs'"].contains {
        text.contains($0)
      },
      "\(json): \(text)")
    expectSentence(text, json)
  }
}

/// No enum case, type name or optional of Swift is in a message.
func expectSentence(_ text: String, _ what: String = "", sourceLocation: SourceLocation = #_sourceLocation) {
  let swift = /[a-z]\w*\(\w+: |[A-Za-z]+Error\b|Optional\(|\b[a-z]+[A-Z][a-z]\w*\b|\bnil\b/
  #expect(text.firstMatch(of: swift) == nil, "\(what): \(text)", sourceLocation: sourceLocation)
  #expect(text.utf8.count > 20, "\(what): \(text)", sourceLocation: sourceLocation)
}
