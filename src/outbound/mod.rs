//! One request to another service, with a deadline: its reply, its errors, and the bearer token that the
//! service may want (OAuth2).

mod body;
mod error;
pub mod oauth;
mod request;
mod verdict;

pub use body::{BodyError, ErrorDetail, ErrorFormat};
pub use error::OutboundError;
pub use request::{JSON, OutboundReply, encoded, json_request, send_for, send_once};
pub use verdict::{ErrorPattern, Rule, Verdict};
