import Foundation
import SwiftletBytes
import SwiftletImages
import Testing

/// PNG files written by Pillow 13 (libpng's rules), each with the CRC-32 of the pixels that Pillow reads from it.
struct PNGGolden: CustomTestStringConvertible, Sendable {
  var name: String
  var width, height, channels: Int
  var pixelCRC: UInt32
  var base64: String

  init(_ name: String, _ width: Int, _ height: Int, _ channels: Int, _ pixelCRC: UInt32, _ base64: String) {
    self.name = name
    self.width = width
    self.height = height
    self.channels = channels
    self.pixelCRC = pixelCRC
    self.base64 = base64
  }

  var testDescription: String { name }

  var bytes: [UInt8] { [UInt8](Data(base64Encoded: base64)!) }

  static let all = [
    PNGGolden(
      "L", 9, 11, 1, 0x895f381d,
      "iVBORw0KGgoAAAANSUhEUgAAAAkAAAALCAAAAACIMvjHAAAAeUlEQVR42gFuAJH/Af3//gIeAf79LAFJyg0p1VsQg9EB8v/9AOwB"
        + "AwP0Afb8/vwA8gEBEAF9PRoKBf7/AAUEDQAB/vT+//0mAQZMLInrAGczMAEh/f0CI/8C/ewCBv4BAg0C//8vAREDBwIWBwX+DgQm"
        + "AP0BMgD/ARghbSne/NzeWAAAAABJRU5ErkJggg=="),
    PNGGolden(
      "LA", 9, 11, 2, 0xe0e2169b,
      "iVBORw0KGgoAAAANSUhEUgAAAAkAAAALCAQAAAAHUG+QAAAAzUlEQVR42gXBvUpCARgG4O/nlCgapYS0mA06aFOQ6BFCkIauojsQ"
        + "mruHWsS9S3BsbipcnBqqIVscKgcdOsH7vT6PIg0TBE7XCgXjr5tc3M5yg/ZgapeNu6Fes3ev5WqoOeNo5bCI2LSs2DI4hLUeYBA7"
        + "OLHfTziV/PqOShTofE/SpkAh/Nl3EyfrmT6+9h/erkaLp8bHpLpbWsxf9PifIQ7r7yEYEqu25Zoh6qbnGVQklKGVst4k6U69M5Zn"
        + "LmOd5ZPDPFWUdtZ1CAS1zRYYWl6R/lgdzQAAAABJRU5ErkJggg=="),
    PNGGolden(
      "RGB", 9, 11, 3, 0x08db397a,
      "iVBORw0KGgoAAAANSUhEUgAAAAkAAAALCAIAAAAiOzBMAAABIElEQVR42gXBPUtCcRQH4N//nKte0Lj2QhKpFFiQGTaoUNbWB2jO"
        + "paGlJYLWWppqsrnJsaHAobEliF7mtqYCtaIEyahEzzk9j5PlEkFUjEWCzJcJzJgNfnmOdto3p5XgorJWbzaOCrXVs5n6+LWcD8f3"
        + "F130J8ImEBZYeunXkYBIRCPzQ9RN5FUZCjLMxsoCc2xK8BNTdDh4WzmOJm/D8Yb3vt4KZU9s5CHkv/ZbFa/vZ9WxEqAITxTJBFCn"
        + "+jE5jY1BNV48+LxvV7f3roJ2aytx+ZK+K23Wnnedlw8gxgKBpL8TROaEzaSf69FwZsw5NRCT9jopNgOpg1Iy5XUfO55zIBXgL9aE"
        + "eL6DM7KnrhcsjCqY2VSpzAVihVMoUc7/B8jGgbQYkFh1AAAAAElFTkSuQmCC"),
    PNGGolden(
      "RGBA", 9, 11, 4, 0x2ed1576e,
      "iVBORw0KGgoAAAANSUhEUgAAAAkAAAALCAYAAACtWacbAAABc0lEQVR42gXBv2+MARgH8Of5Pu/9quBeUW97jRNyUeouEad+lIQu"
        + "XWyGOot0EdGxgwVNhJHB5g+wdDNhkYhIJJY2sYkfk4ar5pLzOqf1PF+fj/rMqVw0nOauzhie+XnSjAJThKhl+/oTcsnnXi1+28np"
        + "IyN3518vr8y1R28sPn/xYE/v/Y/i5eVSv3/1odbP/mm6AO4hDo2p6TFhKCgBcfX0xFgFk9tFDzOEUBRQVhtbDDGHImjMWtVe8uX7"
        + "vQ2rXkxRrBX/eardTx0tl98OrfC5lDBP1lcHnuTt0QpVlHCai0/V8gygupGujr9pY29SHp9duHBl5vb8xtOlN8evvXvSOfb4zsr1"
        + "GDm6O/lw69mjmy+/ZqoH9jfEIqASGubtJneYCi3oRo3zlfFDyAe9cy6AhWhIAM3yRIAGd4qpZIdr3eT+7+HqrA3QKRW4psD2mm8W"
        + "UABhBlI+dtcjOd2SujGUQjM3rx/cSs1IkFCI7Wpt/voP9RWoEAZgaZgAAAAASUVORK5CYII="),
    PNGGolden(
      "palette1", 13, 6, 3, 0x57f95cee,
      "iVBORw0KGgoAAAANSUhEUgAAAA0AAAAGAQMAAAAi4ob8AAAABlBMVEUAW7Y1kOu2hMDCAAAAEUlEQVR42mMM/c34/ycjEgkAVQUJ"
        + "39De0JwAAAAASUVORK5CYII="),
    PNGGolden(
      "palette2", 13, 6, 3, 0x7bdd83e1,
      "iVBORw0KGgoAAAANSUhEUgAAAA0AAAAGAgMAAABlQvwsAAAADFBMVEUAW7Y1kOtqxSCf+lWMquIhAAAAH0lEQVR42mOUZmB4yniX"
        + "geExyzYGhrcshxgYXjPCxQB+RwjdOPSs3gAAAABJRU5ErkJggg=="),
    PNGGolden(
      "palette4", 13, 6, 3, 0x91feb538,
      "iVBORw0KGgoAAAANSUhEUgAAAA0AAAAGBAMAAADqAgmMAAAAMFBMVEUAW7Y1kOtqxSCf+lXUL4oJZL8+mfRzzimoA17dOJMSbchH"
        + "ov181zKxDGfmQZwbdtGsyoNbAAAANUlEQVR42mNkVFJSUlISZTFxcTFxcTFnMgnLmLXm3AeGuaJzReeKTmBSgfBZTD4Ide3Z8wEA"
        + "ON8RJ8lzJSwAAAAASUVORK5CYII="),
    PNGGolden(
      "palette4Alpha", 13, 6, 4, 0x6ab023c2,
      "iVBORw0KGgoAAAANSUhEUgAAAA0AAAAGBAMAAADqAgmMAAAAMFBMVEUAW7Y1kOtqxSCf+lXUL4oJZL8+mfRzzimoA17dOJMSbchH"
        + "ov181zKxDGfmQZwbdtGsyoNbAAAAA3RSTlMAgAdfkck2AAAANUlEQVR42mNkVFJSUlISZTFxcTFxcTFnMgnLmLXm3AeGuaJzReeK"
        + "TmBSgfBZTD4Ide3Z8wEAON8RJ8lzJSwAAAAASUVORK5CYII="),
    PNGGolden(
      "palette8", 13, 6, 3, 0x62405e82,
      "iVBORw0KGgoAAAANSUhEUgAAAA0AAAAGCAMAAAAv8uSNAAAAeFBMVEUAW7Y1kOtqxSCf+lXUL4oJZL8+mfRzzimoA17dOJMSbchH"
        + "ov181zKxDGfmQZwbdtFQqwaF4Du6FXDvSqUkf9pZtA+O6UTDHnn4U64tiONivRiX8k3MJ4IBXLc2kexrxiGg+1bVMIsKZcA/mvV0"
        + "zyqpBF/eOZQTbslPGV90AAAAUUlEQVR42h3G0QqAIAwAwKlNMxVZsUzESEr8/z8seroDEFJNqM1sF+dBobEuRNo45QLa+rjyUc72"
        + "DAk2EOfausBv4GkvV5fmFyKXNtBRqrcwL7VrBRixHNGAAAAAAElFTkSuQmCC"),
    PNGGolden(
      "grayKey", 8, 3, 2, 0x04c12b3c,
      "iVBORw0KGgoAAAANSUhEUgAAAAgAAAADCAAAAACLoxGUAAAAAnRSTlMAMr5EnLgAAAATSURBVHjaY2TgggDGACiDBcYAABLmAXlM"
        + "+IdIAAAAAElFTkSuQmCC"),
    PNGGolden(
      "rgbKey", 4, 2, 4, 0x5abec7bd,
      "iVBORw0KGgoAAAANSUhEUgAAAAQAAAACCAIAAADwyuo0AAAABnRSTlMAHgAoADJP/2iqAAAAFElEQVR42mNk4BKRgwGWiooKOAcA"
        + "Kt4DqK1SiKAAAAAASUVORK5CYII="),
    PNGGolden(
      "gray1", 13, 6, 1, 0x883cce65,
      "iVBORw0KGgoAAAANSUhEUgAAAA0AAAAGAQAAAAAwVykSAAAAFElEQVR42mOY5MHEwMD4/ycDjAEALKsFqynJHXAAAAAASUVORK5C"
        + "YII="),
  ]
}
