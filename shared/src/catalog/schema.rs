//! The shape of the catalog file, from which its JSON Schema is generated.
