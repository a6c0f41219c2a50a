/// The version of the product, written here and nowhere else.
package enum ProductVersion {
    package static let text = "0.1.0"
}
