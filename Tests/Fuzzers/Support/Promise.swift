/// Says which promise an input broke: an optimized build keeps the words of a precondition to itself.

func promise(_ isKept: Bool, _ text: @autoclosure () -> String) {
    if !isKept { broken(text()) }
}

func broken(_ text: String) -> Never {
    fatalError(text)
}
