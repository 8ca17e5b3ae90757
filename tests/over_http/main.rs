//! The built component over real HTTP, as callers, operators and attackers meet it.
//!
//! The server is the one that `SAM_CALLBACK_SERVER` names (its program and first arguments,
//! separated by spaces): the stand-in, or `spin up`. See [`server`].

mod blizwork;
mod bounded;
mod cal;
mod callback;
mod component;
mod container;
mod credentials;
mod data_api;
mod flood;
mod health;
mod hostile;
mod jwt;
mod log;
mod messages;
mod outbox;
mod predecessors;
mod rate_limit;
mod redis;
mod settings;
mod storage;
mod trace;
