/// What a person does at the keyboard or with the mouse, whatever bytes the terminal sends for it.
package enum InputEvent: Sendable, Equatable {
    case key(Key)
    /// Lines that the wheel asks to move by, negative is up; and over which row of the screen, counted from 0.
    case wheel(Int, row: Int)
    /// A click, its place counted from 0.
    case press(column: Int, row: Int)
    /// What comes between these was not typed but pasted.
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
