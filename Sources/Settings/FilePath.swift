/// Where a file is that the settings name: relative paths start from `folder`.
package func filePath(_ name: String, from folder: String) -> String {
    name.hasPrefix("/") ? name : "\(folder)/\(name)"
}
