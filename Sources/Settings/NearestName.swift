/// The one of `names` that `name` was probably meant to be; nil where none is near.
///
/// Near is at most one slip in three letters: a looser bound would suggest unrelated words.
package func nearestName(to name: String, among names: [String]) -> String? {
    let wanted = Array(name.lowercased().unicodeScalars)
    var nearest: (name: String, slips: Int)?
    for candidate in names {
        let slips = editDistance(wanted, Array(candidate.lowercased().unicodeScalars))
        if slips < nearest?.slips ?? .max { nearest = (candidate, slips) }
    }
    guard let nearest, nearest.slips <= max(1, wanted.count / 3) else { return nil }
    return nearest.name
}

/// The least number of letters to insert, remove, change or swap with a neighbour that turns one word into the
/// other (the optimal string alignment of Damerau 1964).
private func editDistance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for row in left.indices {
        var current = [row + 1]
        for column in right.indices {
            let isSame = left[row] == right[column]
            var least = min(last[column] + (isSame ? 0 : 1), last[column + 1] + 1, current[column] + 1)
            if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                least = min(least, beforeLast[column - 1] + 1)
            }
            current.append(least)
        }
        beforeLast = last
        last = current
    }
    return last[right.count]
}
