//! How large a component, and what it exports, may be.

/// Bounds on what is admitted. They are checked before, or while, anything is built from the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of the component, and of a text or core module that it is made from. In bytes.
    pub max_bytes: usize,
    /// Exported functions, counting those that are refused.
    pub max_functions: usize,
    /// Imports.
    pub max_imports: usize,
    /// Of each name: of an export, an import, a parameter, a field or a case. In bytes.
    pub max_name_bytes: usize,
    /// Levels of components and modules in one another.
    pub max_nesting: usize,
    /// Types and names in all signatures together, each counted as often as it occurs. One type is
    /// bounded by [`wask_value::Type::MAX_NODES`] and [`wask_value::Type::MAX_DEPTH`] besides.
    pub max_type_nodes: usize,
    /// The texts of all signatures and the names of their functions together, which whoever asks
    /// for the component is told. In bytes.
    pub max_signature_bytes: usize,
    /// Documentation. In bytes; what exceeds it is left out.
    pub max_docs_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 256 << 20,
            max_functions: 4096,
            max_imports: 4096,
            max_name_bytes: 512,
            max_nesting: 64,
            max_type_nodes: 1 << 18,
            max_signature_bytes: 4 << 20,
            max_docs_bytes: 1 << 20,
        }
    }
}
