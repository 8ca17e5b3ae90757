//! What the component may call of Spin, for one instance: variables and the key-value store.

mod key_value;
mod variables;

pub use key_value::KeyValue;
pub use variables::Variables;
