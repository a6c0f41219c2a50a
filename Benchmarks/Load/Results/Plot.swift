/// A sweep as a picture: three small plots over the publishing rate, with one line a server.
import Foundation

struct Plot {
    let title: String
    let curves: [[(rate: Double, result: RunResult)]]

    private static let width = 960.0
    private static let height = 340.0
    private static let colours = ["#0b7285", "#e8590c", "#5f3dc4", "#868e96"]

    /// One of the plots.
    private struct Panel: Sendable {
        let name: String
        let value: @Sendable (RunResult) -> Double?
    }

    private static let panels = [
        Panel(name: "delivered a second") { $0.deliveredPerSecond },
        Panel(name: "age p99, ms") { $0.readers.age.percentile(0.99).map { $0 / 1000 } },
        Panel(name: "processor µs an update") { $0.costOfUpdate },
    ]

    var svg: String {
        var text = """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" \
            font-family="system-ui, sans-serif" font-size="12">
            <rect width="100%" height="100%" fill="#ffffff"/>
            <text x="16" y="24" font-size="15" fill="#212529">\(Self.escaped(title))</text>

            """
        for (number, panel) in Self.panels.enumerated() {
            text += self.panel(panel, left: 16 + Double(number) * 314)
        }
        for (number, curve) in curves.enumerated() {
            guard let name = curve.first?.result.server else { continue }
            let x = 24 + Double(number) * 120
            text += "<circle cx=\"\(x)\" cy=\"326\" r=\"5\" fill=\"\(Self.colours[number % 4])\"/>"
            text += "<text x=\"\(x + 10)\" y=\"330\" fill=\"#212529\">\(name)</text>\n"
        }
        return text + "</svg>\n"
    }

    /// Both axes are logarithmic, because the servers differ by factors.
    private func panel(_ panel: Panel, left: Double) -> String {
        let points = curves.map { curve in
            curve.compactMap { point in panel.value(point.result).map { (point.rate, max($0, 1e-3)) } }
        }
        let all = points.flatMap { $0 }
        guard let lowX = all.map(\.0).min(), let highX = all.map(\.0).max(), let lowY = all.map(\.1).min(),
            let highY = all.map(\.1).max()
        else { return "" }
        let frame = (x: left + 46, y: 64.0, width: 246.0, height: 212.0)
        let floorY = pow(10, floor(log10(lowY)))
        let topY = max(pow(10, ceil(log10(highY))), floorY * 10)
        func x(_ value: Double) -> Double {
            frame.x + (highX > lowX ? log(value / lowX) / log(highX / lowX) : 0.5) * frame.width
        }
        func y(_ value: Double) -> Double {
            frame.y + frame.height - log(value / floorY) / log(topY / floorY) * frame.height
        }
        var text = "<text x=\"\(left + 46)\" y=\"52\" fill=\"#495057\">\(panel.name)</text>\n"
        var tick = floorY
        while tick <= topY * 1.001 {
            text += """
                <line x1="\(frame.x)" x2="\(frame.x + frame.width)" y1="\(y(tick))" y2="\(y(tick))" stroke="#dee2e6"/>
                <text x="\(frame.x - 6)" y="\(y(tick) + 4)" text-anchor="end" fill="#495057">\(Self.short(tick))</text>

                """
            tick *= 10
        }
        for rate in Set(all.map(\.0)).sorted() {
            text += """
                <text x="\(x(rate))" y="\(frame.y + frame.height + 18)" text-anchor="middle" \
                fill="#495057" font-size="10">\(Self.short(rate))</text>

                """
        }
        for (number, line) in points.enumerated() where !line.isEmpty {
            let colour = Self.colours[number % 4]
            let path = line.map { "\(x($0.0)),\(y($0.1))" }.joined(separator: " ")
            text += "<polyline points=\"\(path)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2\"/>\n"
            for point in line {
                text += "<circle cx=\"\(x(point.0))\" cy=\"\(y(point.1))\" r=\"3\" fill=\"\(colour)\"/>\n"
            }
        }
        return text
    }

    private static func short(_ value: Double) -> String {
        switch value {
        case 1e6...: String(format: "%g M", value / 1e6)
        case 1e3...: String(format: "%g k", value / 1e3)
        default: String(format: "%g", value)
        }
    }

    private static func escaped(_ text: String) -> String {
        text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
    }
}
