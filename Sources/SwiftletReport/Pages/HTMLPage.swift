import Foundation
import SwiftletBytes

/// A self-contained page: no scripts, nothing from the network, light or dark as its reader's screen is.
struct HTMLPage {
  typealias Cell = (text: String, bar: Double?)

  let title: String
  private var parts: [String] = []

  /// - Parameter kind: What the page shows of `title`, for the browser's tab.
  init(_ title: String, kind: String) {
    self.title = "\(title): \(kind)"
    parts.append("<h1>\(title.escapedForHTML)</h1>")
  }

  mutating func add(heading: String) { parts.append("<h2>\(heading.escapedForHTML)</h2>") }
  mutating func add(paragraph: String) { parts.append("<p>\(paragraph.escapedForHTML)</p>") }
  mutating func add(warning: String) { parts.append("<p><strong>\(warning.escapedForHTML)</strong></p>") }
  mutating func add(note: String) { parts.append("<p class=\"note\">\(note.escapedForHTML)</p>") }

  mutating func add(facts: [(name: String, text: String)]) {
    let items = facts.map { "<dt>\($0.name.escapedForHTML)</dt><dd>\($0.text.escapedForHTML)</dd>" }
    parts.append("<dl>\(items.joined())</dl>")
  }

  /// - Parameter legend: A class of `style` for each kind of mark, and what it means.
  mutating func add(figure svg: String, legend: [(style: String, text: String)], caption: String = "") {
    let keys = legend.map { "<span class=\"key \($0.style)\"></span>\($0.text.escapedForHTML)" }.joined(separator: " ")
    let text = caption.isEmpty ? "" : "; \(caption.escapedForHTML)"
    parts.append("<figure>\(svg)<figcaption>\(keys)\(text)</figcaption></figure>")
  }

  mutating func add(table header: [String], _ rows: [[Cell]]) {
    let head = header.map { "<th>\($0.escapedForHTML)</th>" }.joined()
    let body = rows.map { "<tr>\($0.map(Self.cell).joined())</tr>" }.joined(separator: "\n")
    parts.append(
      "<div class=\"wide\"><table><thead><tr>\(head)</tr></thead><tbody>\n\(body)\n</tbody></table></div>")
  }

  mutating func add(table header: [String], _ rows: [[String]]) {
    add(table: header, rows.map { row in row.map { Cell($0, nil) } })
  }

  /// Pictures side by side, each a PNG file with a line below.
  mutating func add(pictures: [(png: [UInt8], caption: String)]) {
    let items = pictures.map {
      "<figure class=\"picture\"><img alt=\"\" src=\"data:image/png;base64,\(Data($0.png).base64EncodedString())\"/>"
        + "<figcaption>\($0.caption.escapedForHTML)</figcaption></figure>"
    }
    parts.append("<div class=\"pictures\">\(items.joined(separator: "\n"))</div>")
  }

  var text: String {
    """
    <!DOCTYPE html>
    <html lang="en"><head><meta charset="utf-8"/><title>\(title.escapedForHTML)</title>
    <meta name="viewport" content="width=device-width, initial-scale=1"/>
    <style>\(Self.style)</style></head><body>
    \(parts.joined(separator: "\n"))
    </body></html>

    """
  }

  /// A bar is a share of 1 to draw behind the text.
  private static func cell(_ cell: Cell) -> String {
    let share = cell.bar.map { " class=\"bar\" style=\"--share:\((100 * min(max($0, 0), 1)).svg)%\"" } ?? ""
    return "<td\(share)>\(cell.text.escapedForHTML)</td>"
  }

  private static let style = """
    :root{color-scheme:light dark;--ink:#1c2024;--soft:#667080;--line:#d9dee4;--page:#fff;--bar:#dbe8ff;\
    --green:#1b7f4b;--orange:#c2620a;--violet:#8a3fd1;--blue:#3b76d1;--gray:#8a94a0}\
    @media(prefers-color-scheme:dark){:root{--ink:#e6e9ed;--soft:#98a2b0;--line:#363d46;--page:#15181c;--bar:#20395f;\
    --green:#4cc38a;--orange:#f0a04b;--violet:#bf8ef5;--blue:#6ea2f0;--gray:#808a96}}\
    body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);max-width:84em;margin:2em auto;padding:0 1.2em}\
    h1{font-size:1.5em;margin-bottom:.3em;overflow-wrap:anywhere}h2{font-size:1.15em;margin:1.8em 0 .5em}\
    dl{display:grid;grid-template-columns:max-content 1fr;gap:.1em 1.2em;margin:0}dt{color:var(--soft)}dd{margin:0}\
    .wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9em}\
    td,th{padding:.25em .7em;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}\
    th{font-weight:600;color:var(--soft)}td:first-child,th:first-child{text-align:left}\
    .bar{background:linear-gradient(to right,var(--bar) var(--share),transparent var(--share))}\
    figure{margin:0}svg{width:100%;height:auto;max-width:62em}figcaption{color:var(--soft);font-size:.9em;margin-bottom:.8em}\
    .pictures{display:flex;flex-wrap:wrap;gap:1em}.picture{width:8em}\
    .picture img{width:100%;image-rendering:pixelated;border:1px solid var(--line)}\
    .key{display:inline-block;width:.7em;height:.7em;border-radius:50%;margin:0 .4em 0 1em}\
    .green{fill:var(--green)}.orange{fill:var(--orange)}.violet{fill:var(--violet)}.blue{fill:var(--blue)}.gray{fill:var(--gray)}\
    .key.green{background:var(--green)}.key.orange{background:var(--orange)}.key.violet{background:var(--violet)}\
    .key.blue{background:var(--blue)}.key.gray{background:var(--gray)}\
    line.orange,line.gray,line.solid,polyline{stroke-width:1.5;fill:none}line.orange{stroke:var(--orange)}\
    line.gray{stroke:var(--gray)}polyline{stroke:var(--blue)}line.solid{stroke:var(--ink);stroke-width:2}\
    .dashed{stroke-dasharray:6 4}.grid{stroke:var(--line)}\
    text{font:12px system-ui,sans-serif;fill:var(--ink)}.tick,.axis,.ceiling{fill:var(--soft)}\
    .label,.ceiling{paint-order:stroke;stroke:var(--page);stroke-width:4px;stroke-linejoin:round}\
    .note{color:var(--soft);font-size:.9em;margin-top:2em}
    """
}

extension Double {
  /// One decimal, for coordinates and figures.
  var svg: String { String(format: "%.1f", self) }
}

extension Int {
  /// With thousands separated, as in 225,034.
  package var grouped: String {
    var digits = String(self)
    for index in stride(from: digits.count - 3, to: self < 0 ? 1 : 0, by: -3) {
      digits.insert(",", at: digits.index(digits.startIndex, offsetBy: index))
    }
    return digits
  }
}

extension String {
  /// Names come from files: neither markup nor control characters of theirs take effect.
  var escapedForHTML: String {
    printable(utf8).replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
  }
}
