//! Servers that speak as the data APIs do, with their rules behind them.

pub mod dab;
pub mod postgrest;
