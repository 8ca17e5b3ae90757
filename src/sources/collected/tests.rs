//! What whoever has taken over a mailbox cannot have written.

use super::*;
use crate::config::FINAL_STATES;
use crate::delivery::{Entity, Guard, IfAbsent, Value};

const STATES: Cow<'static, [Name]> = Cow::Borrowed(FINAL_STATES);

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn callback() -> Change {
    let id = crate::delivery::DeploymentId::new("d-1").expect("fits");
    let status = crate::delivery::Status::new("RUN_COMPLETED").expect("fits");
    crate::delivery::ended(id, status, r#"{"status":"RUN_COMPLETED"}"#.to_owned())
}

fn booking() -> Change {
    Change {
        entity: Entity::new("reservas_cal", "uid"),
        key: "b-1".to_owned(),
        values: vec![
            ("title".into(), text("Visita\nguiada")),
            ("status".into(), Value::Null),
            (
                "event_timestamp".into(),
                text("2026-01-01T00:00:00.000000Z"),
            ),
            ("payload".into(), text("{}")),
        ],
        if_absent: IfAbsent::Insert,
        guard: Guard::Newer {
            column: "event_timestamp".into(),
        },
    }
}

fn with(change: Change, edit: impl FnOnce(&mut Change)) -> Change {
    let mut change = change;
    edit(&mut change);
    change
}

fn refused(source: &str, change: Change) -> ShapeError {
    let said = format!("{change:?}");
    match admit(source, change, STATES) {
        Err(error) => error,
        Ok(_) => panic!("admitted: {said}"),
    }
}

#[test]
fn what_sources_ask_for_is_admitted() {
    assert_eq!(admit("a360", callback(), STATES), Ok(("a360", callback())));
    assert_eq!(admit("cal", booking(), STATES), Ok(("cal", booking())));
}

#[test]
fn which_states_are_final_is_decided_where_the_row_is() {
    let lax = with(callback(), |change| {
        change.guard = Guard::Final {
            column: "Estado".into(),
            last: Cow::Borrowed(&[]),
        };
    });
    assert_eq!(admit("a360", lax, STATES), Ok(("a360", callback())));
    let own: Cow<'static, [Name]> = vec![Name::from("LISTO")].into();
    let admitted = admit("a360", callback(), own.clone()).expect("a callback");
    assert!(admitted.1.leaves(Some("LISTO")) && !admitted.1.leaves(Some("COMPLETED")));
}

#[test]
fn a_callback_writes_what_callbacks_write_and_nothing_else() {
    for change in [
        with(callback(), |it| {
            it.entity = Entity::new("Usuarios", "DeploymentId")
        }),
        with(callback(), |it| {
            it.entity = Entity::new("Ejecuciones", "Estado")
        }),
        with(callback(), |it| it.key = "x".repeat(51)),
        with(callback(), |it| it.key = " ".to_owned()),
        with(callback(), |it| it.values[0].1 = text(&"x".repeat(21))),
        with(callback(), |it| it.values[0].1 = Value::Null),
        with(callback(), |it| it.values[1].1 = text("no JSON")),
        with(callback(), |it| it.values[1].1 = text("[]")),
        with(callback(), |it| it.values[2].1 = text("1999-01-01")),
        with(callback(), |it| it.values.push(("Rol".into(), text("x")))),
        with(callback(), |it| {
            it.values.push(("Estado".into(), text("x")))
        }),
        with(callback(), |it| it.values.truncate(2)),
        with(callback(), |it| it.values.clear()),
        with(callback(), |it| it.if_absent = IfAbsent::Insert),
        with(callback(), |it| it.guard = Guard::Exists),
        with(callback(), |it| {
            it.guard = Guard::Final {
                column: "CallbackInfo".into(),
                last: STATES,
            };
        }),
        booking(),
    ] {
        assert_eq!(refused("a360", change), ShapeError::Change);
    }
}

#[test]
fn other_sources_write_their_own_tables_and_columns_and_nothing_else() {
    use ShapeError::{Change as Other, Column, Key, Source};
    let newer = |column: &'static str| Guard::Newer {
        column: column.into(),
    };
    for (source, change, why) in [
        ("otro", booking(), Source),
        ("", booking(), Source),
        ("messages", booking(), Other),
        ("blizwork", booking(), Other),
        ("cal", callback(), Other),
        (
            "cal",
            with(booking(), |it| it.entity.key_column = "title".into()),
            Other,
        ),
        (
            "cal",
            with(booking(), |it| it.if_absent = IfAbsent::Report),
            Other,
        ),
        ("cal", with(booking(), |it| it.guard = Guard::Exists), Other),
        (
            "cal",
            with(booking(), |it| it.guard = newer("title")),
            Other,
        ),
        (
            "cal",
            with(booking(), |it| it.values[2].1 = Value::Null),
            Other,
        ),
        ("cal", with(booking(), |it| it.values.truncate(2)), Other),
        ("cal", with(booking(), |it| it.key = "x".repeat(201)), Key),
        ("cal", with(booking(), |it| it.key = "a\nb".to_owned()), Key),
        (
            "cal",
            with(booking(), |it| it.values[0].0 = "titulo".into()),
            Column,
        ),
        (
            "cal",
            with(booking(), |it| it.values[0].0 = "uid".into()),
            Column,
        ),
        (
            "cal",
            with(booking(), |it| it.values[0].0 = "payload".into()),
            Column,
        ),
        (
            "cal",
            with(booking(), |it| it.values[0].1 = text("\0")),
            Column,
        ),
        (
            "cal",
            with(booking(), |it| it.values[0].1 = Value::Now),
            Column,
        ),
        (
            "cal",
            with(booking(), |it| it.values[1].1 = text(&"x".repeat(201))),
            Column,
        ),
        (
            "cal",
            with(booking(), |it| it.values[2].1 = text("ayer")),
            Column,
        ),
    ] {
        assert_eq!(refused(source, change), why, "{source}");
    }
}
