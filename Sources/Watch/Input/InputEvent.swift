/// What a person does at the keyboard or with the mouse, independent of the terminal's bytes for it.
package enum InputEvent: Sendable, Equatable {
    case key(Key)
    /// How many lines to scroll, negative is up, and the screen row under the wheel, from 0.
    case wheel(Int, row: Int)
    /// A click; column and row count from 0.
    case press(column: Int, row: Int)
    /// The keys between this and `pasteEnded` were pasted, not typed.
    case pasteBegan
    case pasteEnded
}

package enum Key: Sendable, Equatable {
    case text(Unicode.Scalar)
    /// Ctrl and this lower-case letter.
    case control(Unicode.Scalar)
    case up
    case down
    case left
    case right
    case pageUp
    case pageDown
    case home
    case end
    case enter
    case escape
    case tab
    case backspace
    case delete
}
