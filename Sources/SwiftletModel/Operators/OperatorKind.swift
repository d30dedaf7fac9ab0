/// The operators as people and files know them: a name and a tag for each member of each family.
public enum OperatorKind: Hashable, Sendable, CaseIterable {
  case conv2D
  case dense
  case pool2D(Pool2D.Reduction)
  case activation
  case add
  case concat
  case flatten
  case reshape
  case softmax
  case batchNorm
  case dropout

  public static let allCases: [OperatorKind] =
    [.conv2D, .dense] + Pool2D.Reduction.allCases.map { .pool2D($0) }
    + [.activation, .add, .concat, .flatten, .reshape, .softmax, .batchNorm, .dropout]

  /// The field's snake case, as in architecture files and default node names; and the tag of Format.md's node table.
  private var entry: (name: StaticString, tag: UInt8) {
    switch self {
    case .conv2D: ("conv2d", 1)
    case .dense: ("dense", 2)
    case .pool2D(let reduction): (reduction.name, reduction.tag)
    case .activation: ("activation", 5)
    case .add: ("add", 6)
    case .concat: ("concat", 7)
    case .flatten: ("flatten", 8)
    case .reshape: ("reshape", 9)
    case .softmax: ("softmax", 10)
    case .batchNorm: ("batch_norm", 11)
    case .dropout: ("dropout", 12)
    }
  }

  public var name: StaticString { entry.name }
  public var tag: UInt8 { entry.tag }

  /// The kind of this tag, nil where the format defines none.
  public init?(tag: UInt8) {
    for kind in OperatorKind.allCases where kind.tag == tag {
      self = kind
      return
    }
    return nil
  }
}
