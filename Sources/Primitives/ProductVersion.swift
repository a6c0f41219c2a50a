/// The version of the product: in logs, in `welcome`, in metrics, in `tidegate version`.
package enum ProductVersion {
    package static let text = "0.1.0"
}
