//! By whose rules a node lives.

/// The rules of this product, or those of SMS Server Tools 3 where the two differ.
///
/// A `smsgrid.toml` makes a node strict. An smsd.conf makes it do as smsd does, because programs and people around it
/// rely on that: folders are taken with the modes they have and none is made, handlers run in a shell and in smsd's
/// environment, and what smsd stops for stops the node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The rules of this product.
    #[default]
    Strict,
    /// The rules of smsd.
    Smsd,
}
