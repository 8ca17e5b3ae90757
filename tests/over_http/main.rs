//! The built component over real HTTP, as callers, operators and attackers meet it.
//!
//! The server is the one that `SAM_CALLBACK_SERVER` names (its program and first arguments,
//! separated by spaces): the stand-in, or `spin up`. See [`server`].

mod callback;
mod component;
mod door;
mod health;
mod hostile;
mod log;
mod server;
mod storage;
