//! The built component over real HTTP, as callers, operators and attackers meet it.
//!
//! The server is the one that `SAM_CALLBACK_SERVER` names (its program and first arguments,
//! separated by spaces): the stand-in, or `spin up`. See [`server`].

mod attempts;
mod blizwork;
mod blizwork_server;
#[path = "../signer/body.rs"]
mod body_signer;
mod bounded;
mod by_hand;
mod callback;
mod component;
mod dab_server;
mod data_api;
mod door;
mod flood;
mod health;
mod hostile;
mod jwt;
mod log;
mod messages;
mod outbox;
mod postgrest_server;
#[path = "../postgres/mod.rs"]
mod real_postgres;
#[path = "../redis/mod.rs"]
mod real_redis;
mod redis;
mod server;
mod settings;
#[path = "../signer/mod.rs"]
mod signer;
mod storage;
mod upstream;
