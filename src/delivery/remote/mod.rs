//! What data APIs that are servers have in common: how a request is made and sent, what can go
//! wrong with it, and what is sent for a change.

mod client;
mod fault;
pub mod json;
mod oauth;
mod server;
pub mod verdict;

pub use client::{Answer, Call, Client, Exchange, JSON, Probe, ask, wanting_json};
pub use fault::{Fault, Flaw, Format};
pub use server::{Dialect, Server};
