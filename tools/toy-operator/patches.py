"""What a new pooling reduction takes: `minimum`, beside max and average, in each file that the guide's page names.

FIRST is the edit that a person begins with; the compiler names the files of PATCHES one floor after the other. An edit
is a text that occurs once and what stands there afterwards.
"""

FIRST = {
    "Sources/SwiftletModel/Operators/Pool2D.swift": [
        ("case max = 0, average = 1 }", "case max = 0, average = 1, minimum = 2 }"),
    ],
}

PATCHES = {
    "Sources/SwiftletModel/Operators/Pool2D.swift": [
        ("""    case .average: ("average_pool2d", 4, true)
""", """    case .average: ("average_pool2d", 4, true)
    case .minimum: ("min_pool2d", 13, false)
"""),
        ("""    case .max: .inheritsInput
""", """    case .max, .minimum: .inheritsInput
"""),
        ("""    switch reduction {
    case .max:
      OperatorTraits(""", """    switch reduction {
    case .max, .minimum:
      OperatorTraits("""),
    ],
    "Sources/SwiftletReference/Pool2D+Integer.swift": [
        ("""        case .average: y[""", """        case .minimum:
          var least: UInt8 = 255
          plan.forEachTap(of: position) { pixel, _ in least = min(least, x[pixel * channels + channel]) }
          y[position.output * channels + channel] = least
        case .average: y["""),
    ],
    "Sources/SwiftletFloat/Operators/Pool2D+Float.swift": [
        ("""          case .max: for c in 0..<channels { out[c] = x[winner(x, pixels, channels, c)] }
""", """          case .max: for c in 0..<channels { out[c] = x[winner(x, pixels, channels, c)] }
          case .minimum: for c in 0..<channels { out[c] = pixels.map { x[$0 * channels + c] }.min() ?? 0 }
"""),
        ("""            case .max: for c in 0..<channels { dx[winner(x, pixels, channels, c)] += gradient[c] }
""", """            case .max: for c in 0..<channels { dx[winner(x, pixels, channels, c)] += gradient[c] }
            case .minimum:
              for c in 0..<channels {
                let least = pixels.map { $0 * channels + c }.min { x[$0] < x[$1] }
                if let least { dx[least] += gradient[c] }
              }
"""),
    ],
    "Sources/SwiftletRuntime/ProgramBuilder+Simple.swift": [
        ("""    case .max: true
""", """    case .max: true
    case .minimum: false
"""),
    ],
}
