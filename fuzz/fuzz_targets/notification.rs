//! Bodies as whoever holds a credential may send them, to every source: what is taken for a
//! notification is one to another reader too, and its change can be kept and given back.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sam_callback::config::{AccessSettings, Requirement};
use sam_callback::credentials::{Checked, Finding, Policy, Verified};
use sam_callback::delivery::{FINAL_STATES, Timestamp};
use sam_callback::sources::{A360, BlizWork, Cal, Decoded, Messages, Notification, Source};
use sam_callback_fuzz::received;
use serde_json::Value;

static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    Policy::new(&AccessSettings {
        requirement: Requirement::Open,
        ..AccessSettings::NONE
    })
});

fuzz_target!(|body: &[u8]| {
    let verified = verified(body);
    // The byte order mark is the only byte that is not kept.
    let kept = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    if let Ok(Decoded::Notification(Notification { change, .. })) = A360::new(FINAL_STATES.into()).decode(&verified) {
        assert_eq!(change.text("CallbackInfo").map(str::as_bytes), Some(kept));
        if let Some(read) = read(body) {
            assert_eq!(read["deploymentId"], change.key);
        }
    }
    if let Ok(Decoded::Notification(Notification { change, .. })) = BlizWork.decode(&verified) {
        assert_eq!(change.text("payload").map(str::as_bytes), Some(kept));
        assert_eq!(change.key, "hash");
    }
    if let Ok(Decoded::Notification(Notification { change, .. })) = Cal.decode(&verified) {
        assert_eq!(change.text("payload").map(str::as_bytes), Some(kept));
        assert!((1..=200).contains(&change.key.encode_utf16().count()));
        assert!(change.guarded().is_some(), "every event has its time");
    }
    if let Ok(Decoded::Notification(Notification { change, id, .. })) = Messages.decode(&verified) {
        assert!(id.is_some_and(|id| (1..=200).contains(&id.echoed.encode_utf16().count())));
        assert!((1..=200).contains(&change.key.encode_utf16().count()));
        let timestamp = change.guarded().expect("every message has its time");
        assert_eq!(
            Timestamp::parse(timestamp).map(|it| it.to_string()).as_deref(),
            Ok(timestamp)
        );
        assert!(change.texts().all(|(_, text)| !text.contains('\0')));
        if let Some(read) = read(body) {
            assert_eq!(change.text("content"), read["content"].as_str());
        }
    }
});

fn verified(body: &[u8]) -> Verified {
    let checked = Checked {
        finding: Finding::Valid,
        hash: "hash".to_owned(),
    };
    let judged = POLICY.judge(received([], body), Some(checked));
    judged.expect("it is open to all")
}

/// As another reader sees it, which takes no lone surrogates and no numbers that are too large.
fn read(body: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(body).ok()?;
    serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(text)).ok()
}
