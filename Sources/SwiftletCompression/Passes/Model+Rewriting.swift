import SwiftletFormat
import SwiftletModel

extension Model {
  /// The model without `removed` nodes, where `substitutes[v]` takes the place of value v; values are renumbered.
  ///
  /// Substitutes may chain.
  func removing(_ removed: Set<Int>, substitutes: [Int: Int]) -> Model {
    func resolved(_ value: Int) -> Int {
      var value = value
      while let next = substitutes[value] { value = next }
      return value
    }
    var result = self
    result.nodes = nodes.indices.filter { !removed.contains($0) }.map { index in
      var node = nodes[index]
      node.inputs = node.inputs.map(resolved)
      node.output = resolved(node.output)
      return node
    }
    result.outputs = outputs.map(resolved)
    return result.canonicallyNumbered()
  }

  /// The model with a first node, `name`, between the input `value` and all that reads it or hands it out.
  func applying(_ map: ChannelAffine, toInput value: Int, name: [UInt8]) -> Model {
    var result = self
    let mapped = values.count
    result.values.append(Value(shape: values[value].shape))
    for index in nodes.indices {
      result.nodes[index].inputs = nodes[index].inputs.map { $0 == value ? mapped : $0 }
    }
    result.outputs = outputs.map { $0 == value ? mapped : $0 }
    var node = Node(name: name, op: .activation(.none), inputs: [value], output: mapped)
    node.become(map)
    result.nodes.insert(node, at: 0)
    return result.canonicallyNumbered()
  }

  /// The one node that reads `value`, unless the graph hands the value out.
  func onlyConsumer(of value: Int, _ consumers: [[Int]]) -> Int? {
    consumers[value].count == 1 && !outputs.contains(value) ? consumers[value][0] : nil
  }

  /// The name of a node as text, for errors and reports.
  public func text(ofNode index: Int) -> String { String(decoding: name(ofNode: index), as: UTF8.self) }
}
