//! The interfaces of Spin that the component calls: variables and the key-value store.

mod key_value;
mod variables;

pub use key_value::KeyValue;
pub use variables::Variables;
