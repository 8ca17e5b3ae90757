//! What the tests have in common: the servers, programs and keys that they run against. Nothing of
//! the component takes part in it, so that no test compares the component with itself.
//!
//! # Layout
//!
//! - [`project`]: the project's folder and its files; [`pages`]: the code blocks of its pages
//! - [`tokens`], [`signatures`]: JWTs and signed bodies, as those who send them make them
//! - [`server`]: the built component, served for one test, and requests to it; [`raw_http`]: requests
//!   that no client would send
//! - [`upstream`]: servers that the component calls; [`data_api`], [`blizwork`]: those that speak as
//!   the real ones do
//! - [`postgres`], [`redis`]: real ones
//! - [`browser`]: a real one
//! - [`process`], [`ports`]: programs that end with the test, and addresses for them

pub mod pages;
pub mod project;
pub mod signatures;
pub mod tokens;

#[cfg(feature = "servers")]
pub mod blizwork;
#[cfg(feature = "servers")]
pub mod browser;
#[cfg(feature = "servers")]
pub mod data_api;
#[cfg(feature = "servers")]
pub mod ports;
#[cfg(feature = "servers")]
pub mod postgres;
#[cfg(feature = "servers")]
pub mod process;
#[cfg(feature = "servers")]
pub mod raw_http;
#[cfg(feature = "servers")]
pub mod redis;
#[cfg(feature = "servers")]
pub mod server;
#[cfg(feature = "servers")]
pub mod upstream;
