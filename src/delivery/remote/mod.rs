//! What data APIs that are servers have in common: how a change is sent, and what is sent for it.

mod exchange;
pub mod json;
mod reading;
mod server;
#[cfg(test)]
mod tests;

pub use exchange::{DataApiRequest, Exchange, Probe};
pub use reading::Reading;
pub use server::{Dialect, RemoteDataApi};
