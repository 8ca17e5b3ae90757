//! What operators are to know of a refused request.

use crate::audit::Record;
use crate::instance::rate_limiter::Client;
use crate::operations::refusals::RefusedRequest;

/// The request as one that was refused, if its reply says so: a notification, what was POSTed to a wrong path,
/// or a wrong operator's token. `beginning` is that of a body that nobody has read.
pub fn refused_request(
    record: &Record,
    (status, code): (u16, &'static str),
    is_post: bool,
    beginning: Vec<u8>,
) -> Option<RefusedRequest> {
    let is_of_interest = match record.source {
        _ if status < 400 => false,
        // An operator's own mistakes are his.
        Some("admin") => matches!(status, 401 | 403 | 429),
        Some(_) => true,
        None => is_post,
    };
    is_of_interest.then(|| RefusedRequest {
        client: Client::at(record.client),
        source: record.source,
        status,
        code,
        rejected: record.rejected.clone(),
        is_verified: record.was_let_in(status),
        deployment_id: record.deployment_id().map(str::to_owned),
        beginning,
    })
}
