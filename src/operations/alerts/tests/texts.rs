//! What a chat shows, and what programs get of it.

use serde_json::json;

use super::super::message::Message;
use super::super::state::AlertState;
use super::*;

/// 2026-01-02T03:04:05Z
const AT: u64 = 1_767_323_045_000;

/// What is told of this, seen once and once more after six minutes.
fn told(settings: &AlertSettings, seen: impl Fn(u64) -> Observation) -> Message {
    let mut state = AlertState::default();
    for at in [AT, AT + 6 * MINUTE] {
        state.evaluate(&seen(at), settings, || "a".to_owned());
    }
    state.channel.pending.remove(0)
}

#[test]
fn an_alert_says_what_is_wrong_since_when_and_what_to_do() {
    let settings = settings(&[]);
    let busy = |at| Observation {
        waiting: 12,
        ..away(at)
    };
    let refusing = |at| Observation {
        data_api: DataApiHealth::Failing {
            since: Some(AT),
            is_refusing: true,
            failure: "data API: status 401 Unauthorized, no body".to_owned(),
        },
        ..calm(at)
    };
    let uncollected = |at| Observation {
        mailbox_uncollected_since: Some(AT),
        ..waiting(at, 0)
    };
    let place = |cases: &str| format!("Vea /panel y la guía de guardia, {cases}.");
    for (message, text) in [
        (
            told(&settings, busy),
            "SAM no responde desde las 03:04 del 02/01 (UTC). Falla: data API: connection refused. Los \
             callbacks se guardan y se entregarán solos cuando se recupere: ahora esperan 12. "
                .to_owned()
                + &place("caso 5"),
        ),
        (
            told(&settings, refusing),
            "La API de datos de SAM rechaza los cambios desde las 03:04 del 02/01 (UTC). Falla: data \
             API: status 401 Unauthorized, no body. Los callbacks se guardan y se entregarán solos \
             cuando se recupere: ahora no espera ninguno. "
                .to_owned()
                + &place("caso 5"),
        ),
        (
            told(&settings, |at| dead(at, 12)),
            "12 entregas fallidas: nadie las entregará solo. Arregle la causa y vuelva a ponerlas en \
             espera. "
                .to_owned()
                + &place("caso 8"),
        ),
        (
            told(&settings, |at| waiting(at, 600)),
            "3 cambios esperan entrega; el más antiguo, desde las 02:54 del 02/01 (UTC). Se reintenta \
             solo, pero conviene ver por qué no se acepta. "
                .to_owned()
                + &place("casos 1 y 5"),
        ),
        (
            told(&settings, uncollected),
            "Nadie recoge el buzón desde las 03:04 del 02/01 (UTC): 3 cambios esperan. Revise la \
             instancia que lo recoge (collect_origin). "
                .to_owned()
                + &place("caso 5"),
        ),
        (
            told(&settings, |at| overdue(at, 1)),
            "1 ejecución sigue activa sin callback, más tiempo del normal. ".to_owned()
                + &place("casos 1 y 3"),
        ),
    ] {
        assert_eq!(message.text, text);
    }
}

#[test]
fn what_is_over_says_what_it_was_and_how_long() {
    let settings = settings(&[("sam_utc_offset", "-05:00"), ("root_path", "/sam")]);
    let mut state = AlertState::default();
    for (minute, seen) in [(0, away(AT)), (6, away(AT + 6 * MINUTE))] {
        assert_eq!(seen.at, AT + minute * MINUTE);
        state.evaluate(&seen, &settings, || "a".to_owned());
    }
    assert!(state.channel.pending[0].text.contains("Vea /sam/panel"));
    for minute in [70, 75] {
        let seen = calm(AT + minute * MINUTE);
        state.evaluate(&seen, &settings, || "b".to_owned());
    }
    let message = &state.channel.pending[0];
    assert_eq!(
        message.text,
        "SAM responde de nuevo. Duró desde las 22:04 del 01/01 (UTC-05:00) hasta las 23:14 del 01/01 \
         (UTC-05:00)."
    );
    let data = json!({
        "over": "sam_callback.data_api_away",
        "since": "2026-01-02T03:04:05Z",
        "until": "2026-01-02T04:14:05Z"
    });
    assert_eq!(message.data, data);
}

#[test]
fn programs_get_numbers() {
    let settings = settings(&[]);
    let busy = |at| Observation {
        waiting: 12,
        ..away(at)
    };
    let since = "2026-01-02T03:04:05Z";
    for (message, data) in [
        (
            told(&settings, busy),
            json!({"since": since, "state": "failing", "failure": "data API: connection refused", "waiting": 12}),
        ),
        (
            told(&settings, |at| dead(at, 12)),
            json!({"since": since, "count": 12, "before": null,
                   "causes": [{"cause": "refused_by_database", "count": 12}]}),
        ),
        (
            told(&settings, |at| overdue(at, 4)),
            json!({"since": since, "count": 4, "before": null}),
        ),
        (
            told(&settings, |at| waiting(at, 600)),
            json!({"since": "2026-01-02T02:54:05Z", "waiting": 3, "oldestSeconds": 600,
                   "uncollected": false}),
        ),
    ] {
        assert_eq!(message.data, data);
    }
}

#[test]
fn what_was_not_seen_whole_is_said_to_be_at_least_so_many() {
    let part = |at| Observation {
        is_whole: false,
        ..dead(at, 900)
    };
    let text = told(&settings(&[]), part).text;
    assert!(
        text.starts_with("900 entregas fallidas (por lo menos): "),
        "{text}"
    );
}

#[test]
fn one_oclock_has_its_own_article() {
    let settings = settings(&[("sam_utc_offset", "-02:00")]);
    let text = told(&settings, away).text;
    assert!(
        text.contains("desde la 01:04 del 02/01 (UTC-02:00)"),
        "{text}"
    );
}
