/// A pattern as its definition reads, for comparison: segments compared one by one.
struct NaivePattern: Hashable {
    let text: String

    func covers(_ name: String) -> Bool {
        Self.covers(Self.segments(text)[...], Self.segments(name)[...])
    }

    private static func segments(_ text: String) -> [String] {
        text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    }

    private static func covers(_ pattern: ArraySlice<String>, _ name: ArraySlice<String>) -> Bool {
        guard let first = pattern.first else { return name.isEmpty }
        guard let segment = name.first else { return false }
        if first == "**" { return true }
        return (first == "*" || first == segment) && covers(pattern.dropFirst(), name.dropFirst())
    }
}
