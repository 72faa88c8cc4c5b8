//! Whole fonts, built as documents and loaded.
