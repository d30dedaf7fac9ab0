/// What passes, planners and training ask of an operator, stated once on its struct.
public struct OperatorTraits: Hashable, Sendable {
  public var channels: ChannelFlow
  public var affine: AffineRule
  /// op(f(x)) = f(op(x)) for every monotone f of single elements: the operator selects or moves elements.
  public var commutesWithMonotone: Bool
  /// Scaling a channel of the input by a positive factor scales the same share of the output, whatever the weights.
  public var isHomogeneous: Bool
  /// The identity outside of training.
  public var isTrainingOnly: Bool
  /// The greatest element of the input is the greatest of the output, so that a final one can be left out.
  public var keepsRanking: Bool
  /// Groups of channels that weights see apart from each other.
  public var groups: Int

  init(
    channels: ChannelFlow, affine: AffineRule = .blocks,
    commutesWithMonotone: Bool = false, isHomogeneous: Bool = true, isTrainingOnly: Bool = false,
    keepsRanking: Bool = false, groups: Int = 1
  ) {
    self.channels = channels
    self.affine = affine
    self.commutesWithMonotone = commutesWithMonotone
    self.isHomogeneous = isHomogeneous
    self.isTrainingOnly = isTrainingOnly
    self.keepsRanking = keepsRanking
    self.groups = groups
  }
}

/// Where the quantization of an operator's output comes from.
public enum QuantizationRule: Hashable, Sendable {
  /// It is the input's: elements are selected or moved, not changed.
  case inheritsInput
  /// A range of its own.
  case ownRange
  /// A range of its own, or the input's where that errs no more.
  case ownRangeOrInput
  /// A range of its own, which its inputs take as well where they can, so that they are copied.
  case sharedWithInputs
  /// There is none: quantization folds or drops the operator, or refuses it.
  case floatOnly
}

/// How the channels of an operator's output come from those of its inputs; removing channels follows it.
public enum ChannelFlow: Hashable, Sendable {
  /// New channels, each made of all channels of the input.
  case makes
  /// New channels, each made of the input's channel at the same place, with which it is removed.
  case makesOneFromOne
  /// New channels of groups of the input's; none of either can be removed.
  case makesInGroups
  /// The input's channels.
  case passes
  /// The input's channels, of which none can be removed.
  case passesAll
  /// The channels of all inputs, tied one to one.
  case ties
  /// The channels of the inputs, one input after the other.
  case concatenates
  /// The input's channels once for each pixel.
  case repeatsForPixels
  /// New channels in another order of elements; none of the input's or of them can be removed.
  case reorders
}

/// What becomes of a map gain * x + offset of each channel of an operator's input.
public enum AffineRule: Hashable, Sendable {
  /// The weights take it up, element by element.
  case absorbs
  /// The weights take it up, channel by channel.
  case absorbsInChannels
  /// The weights take up the gains; padding, which is 0, would lack the offsets.
  case absorbsGainsInChannels
  /// The output is mapped alike.
  case passes
  /// The output is mapped alike if the channels are those of the map.
  case passesInChannels
  /// The output is mapped alike if the channels are those of the map and every gain is positive.
  case passesPositiveGainsInChannels
  /// Nothing of the kind.
  case blocks
}
