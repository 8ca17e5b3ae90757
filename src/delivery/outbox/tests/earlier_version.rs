//! A store that an earlier version has left, whose keys have no tag.

use super::*;

const VALUE: &str = r#"{"entity":"Ejecuciones","keyColumn":"DeploymentId","key":"KEY","values":[["Estado","text","COMPLETED"],["CallbackInfo","text","{}"],["FechaFin","now",null]],"ifAbsent":"report","guard":["final","Estado",["COMPLETED","RUN_FAILED"]],"source":"a360","requestId":"r-1","since":1767323045000,"tries":1,"attempts":[[1767323045000,"no such row yet"]]}"#;

/// Three rows that wait, and two dead letters, as they were written.
fn leave(host: &FakeHost) {
    let mut store = host.store.borrow_mut();
    for number in 0..3 {
        let key =
            format!("0-outbox/a/019b7cd2f0{number}-019b7cd2b88-0000abc{number}-f{number:032x}");
        store.insert(key, VALUE.replace("KEY", &format!("w-{number}")).into());
    }
    for number in 4..6 {
        let key = format!("0-outbox/d/019b7cd2b88-0000abc{number}-f{number:032x}");
        store.insert(key, VALUE.replace("KEY", &format!("d-{number}")).into());
    }
}

fn causes(outbox: &Outbox, host: &FakeHost) -> Vec<(&'static str, &'static str, usize)> {
    let counts = block_on(outbox.counts(host, usize::MAX)).expect("read");
    let causes = counts.causes.iter();
    causes
        .map(|it| (it.cause.code(), it.state.name(), it.count))
        .collect()
}

#[test]
fn it_is_counted_listed_and_shown() {
    let (outbox, host) = (outbox(), FakeHost::default());
    leave(&host);
    assert_eq!(
        causes(&outbox, &host),
        [("unknown", "waiting", 3), ("unknown", "dead", 2)]
    );
    let of = |source: &str| Filter {
        source: Some(source.to_owned()),
        cause: Some(Cause::Unknown),
        key: Some("D-".to_owned()),
    };
    for (source, expected) in [("a360", 2), ("messages", 0)] {
        let filter = of(source);
        let page = outbox.page(&host, EntryState::Dead, &filter, None, 50);
        let page = block_on(page).expect("read");
        assert_eq!(page.entries.len(), expected, "{source}");
    }
    let id = EntryId::parse("019b7cd2b88-0000abc4-f00000000000000000000000000000004");
    let id = id.expect("an id");
    assert_eq!(block_on(outbox.is_dead(&host, id, "a360")), Ok(true));
    let found = block_on(outbox.find(&host, id)).expect("read");
    let found = found.expect("it is there").entry.expect("readable");
    assert_eq!(found.change.key, "d-4");
}

#[test]
fn it_is_delivered_put_back_and_removed() {
    let (outbox, desk) = (outbox(), desk());
    leave(&desk.host);
    let answers = vec![answer("UPDATED"), answer("NOT_FOUND"), refused()];
    let drained = drain(&outbox, &desk, answers, true);
    assert_eq!((drained.delivered, drained.failed, drained.dead), (1, 1, 1));
    // What was tried has a cause from now on.
    let expected = [
        ("no_row", "waiting", 1),
        ("refused_by_database", "dead", 1),
        ("unknown", "dead", 2),
    ];
    assert_eq!(causes(&outbox, &desk.host), expected);
    let unknown = Filter {
        cause: Some(Cause::Unknown),
        ..Filter::default()
    };
    let requeued = outbox.requeue_all(&desk.host, &unknown, false);
    let requeued = block_on(requeued).expect("the store works");
    assert_eq!((requeued.matched, requeued.scheduled.len()), (2, 2));
    let id = requeued.scheduled[0].id;
    assert_eq!(block_on(outbox.remove(&desk.host, id)), Ok(true));
    let drained = drain(&outbox, &desk, vec![answer("UPDATED"); 2], true);
    assert_eq!((drained.delivered, drained.waiting), (2, 0));
    assert_eq!(
        causes(&outbox, &desk.host),
        [("refused_by_database", "dead", 1)]
    );
}

#[test]
fn a_worker_finds_what_is_due() {
    let (outbox, desk) = (outbox(), desk());
    leave(&desk.host);
    desk.host.advance(Duration::from_secs(3600));
    desk.host.will(vec![answer("UPDATED"); 3]);
    let heard = |_, _, _: Option<&Entry>| ();
    let delivered = outbox.deliver_due(&desk.host, desk.data_api(), heard, false);
    assert_eq!(block_on(delivered), Ok(()));
    assert_eq!(causes(&outbox, &desk.host), [("unknown", "dead", 2)]);
}
