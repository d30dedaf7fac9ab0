import SwiftletBytes
import SwiftletData
import SwiftletModel
import Testing

/// A model's classes are found among a data set's by name, or the data is refused.
@Suite struct ClassMappingTests {
  /// A model of `count` outputs, or as many as it has labels.
  static func model(_ labels: [String], count: Int? = nil, reconstructs: Bool = false) -> Model {
    let image = Shape(height: 2, width: 2, channels: 1)
    let output = reconstructs ? image : Shape(vector: count ?? labels.count)
    var model = Model(values: [Value(shape: image), Value(shape: output)], nodes: [], inputs: [0], outputs: [1])
    model.metadata.labels = labels.map { Array($0.utf8) }
    return model
  }

  private func refusal(_ labels: [String], count: Int? = nil, _ names: [String]) -> String {
    let error = #expect(throws: ClassMismatch.self) {
      try ClassMapping(Self.model(labels, count: count), classNames: names)
    }
    return error?.description ?? ""
  }

  @Test func theSameNamesInTheSameOrderChangeNothing() throws {
    let mapping = try ClassMapping(Self.model(["cat", "dog"]), classNames: ["cat", "dog"])
    #expect(mapping.isIdentity && mapping.names == ["cat", "dog"])
  }

  @Test func anotherOrderIsTheModels() throws {
    let data = Dataset(
      height: 1, width: 1, channels: 1, images: [1, 2, 3, 4], labels: [0, 1, 2, 1], classNames: ["ape", "bee", "cat"])
    let model = Self.model(["cat", "ape", "bee"])
    let mapping = try ClassMapping(model, classNames: data.classNames)
    #expect(!mapping.isIdentity && mapping.classes == [2, 0, 1])
    let ordered = try data.inClassOrder(of: model)
    #expect(ordered.classNames == ["cat", "ape", "bee"] && ordered.labels == [1, 2, 0, 2])
    #expect(ordered.images == data.images)
  }

  @Test func namesInOtherUnicodeFormsAreTheSame() throws {
    let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
    let mapping = try ClassMapping(Self.model([composed, "zoo"]), classNames: [decomposed, "zoo"])
    #expect(mapping.isIdentity && mapping.names[0].utf8.elementsEqual(decomposed.utf8))
    let other = try ClassMapping(Self.model(["cafx", composed]), classNames: [decomposed, "cafx"])
    #expect(other.classes == [1, 0])
    // Bytes come first where a model has both.
    let both = try ClassMapping(Self.model([decomposed, composed]), classNames: [composed, decomposed])
    #expect(both.classes == [1, 0])
  }

  @Test func otherNamesAreRefusedAndNamed() {
    let text = refusal(["neg", "pos"], ["a_pos", "neg"])
    #expect(text.contains("only the model has 'pos'") && text.contains("only the data has 'a_pos'"))
    #expect(text.contains("rename its class folders"))
    #expect(refusal(["a", "b", "c"], ["a", "b"]).contains("only the model has 'c'; give"))
    #expect(refusal(["a", "b"], ["a", "b", "c\u{1B}"]).contains("only the data has 'c?'; give"))
    // Digits, as MNIST has.
    #expect(refusal(["a", "b"], ["0", "1"]).contains("only the data has '0', '1'"))
    #expect(refusal((0..<40).map { "m\($0)" }, ["a", "b"]).contains("'m5' and 34 more"))
    #expect(refusal(["a", "a", "b"], ["a", "b", "c"]).contains("more than one class named 'a'"))
  }

  @Test func aModelWithoutNamesHasTheIndexes() throws {
    let digits = (0..<12).map(String.init)
    #expect(try ClassMapping(Self.model([], count: 12), classNames: digits).isIdentity)
    // Class folders 0 to 11 sort as 0, 1, 10, 11, 2.
    let sorted = digits.sorted()
    #expect(try ClassMapping(Self.model([], count: 12), classNames: sorted).classes.prefix(3) == [0, 1, 4])
    #expect(try ClassMapping(Self.model(sorted), classNames: sorted).isIdentity)
    #expect(try ClassMapping(Self.model(sorted), classNames: digits).classes.prefix(3) == [0, 1, 10])
    let text = refusal([], count: 2, ["left", "right"])
    #expect(text.contains("only the data has 'left', 'right'") && text.contains("--classes-in-order"))
    #expect(!refusal(["a", "b"], ["0", "1"]).contains("--classes-in-order"))
    #expect(refusal([], count: 3, ["0", "1"]).contains("only the model has '2'"))
  }

  @Test func autoencodersAndImagesWithoutLabelsNeedNoNames() throws {
    #expect(try ClassMapping(Self.model(["a"], reconstructs: true), classNames: ["x", "y"]).isIdentity)
    #expect(try ClassMapping(Self.model(["a", "b"]), classNames: []).isIdentity)
  }

  @Test func labelsThatAreNotUTF8AreComparedByTheirBytes() throws {
    var model = Self.model(["a", "b"])
    model.metadata.labels[1] = [0x62, 0xFF]
    let error = #expect(throws: ClassMismatch.self) { try ClassMapping(model, classNames: ["a", "b\u{FF}"]) }
    #expect(error?.description.contains("only the model has 'b?'") == true)
  }
}
