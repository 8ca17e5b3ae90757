//! What the service says of itself, against the built component: the pages at /docs and /panel in a real
//! browser, /openapi.json compared with the replies by schemathesis, and /metrics read by the parser of
//! Prometheus' own library.
//!
//! The server is the one that `SAM_CALLBACK_SERVER` names, as for the tests over HTTP; the others are
//! `SAM_CALLBACK_CHROMEDRIVER` and `SAM_CALLBACK_SCHEMATHESIS`. `cargo xtask test` sees to all three.

mod document;
mod metrics;
mod page;
mod panel;
