/// The version of the product, in the one place where it is written.
package enum ProductVersion {
    package static let text = "0.1.0"
}
