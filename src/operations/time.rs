//! Times as replies have them.

pub use crate::instance::unix_time::rfc3339;
