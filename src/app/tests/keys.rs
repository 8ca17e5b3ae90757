//! Keys that the signer publishes: fetched, kept, rotated, and never given up for worse ones.

use futures_util::future::{Either, join, select};

use super::*;

const SIGNER: &[(&str, &str)] = &[
    ("jwt_jwks_origin", "https://login.example"),
    ("jwt_jwks_path", "/tenant/keys?v=2"),
];
const FETCHED: &[&str] = &["GET https://login.example/tenant/keys?v=2"];
const NOTHING: &[&str] = &[];
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// No static token, so that a JWT is all there is.
fn with_signer(settings: &[(&str, &str)]) -> App<FakeHost> {
    app(&[&[("callback_token", "")], SIGNER, settings].concat())
}

/// A set with these keys, each by its `kid` and its name in `tests/keys/`.
fn set(keys: &[(&str, &str)]) -> String {
    let all: Value = serde_json::from_str(&signer::public_key("jwk.json")).expect("JSON");
    let keys = keys.iter().map(|(id, name)| {
        let mut key = all[*name].clone();
        key["kid"] = json!(id);
        key
    });
    json!({ "keys": keys.collect::<Vec<_>>() }).to_string()
}

fn publishes(app: &App<FakeHost>, keys: &[(&str, &str)]) {
    app.host.will([json_answer(200, &set(keys))]);
}

/// A token of its own each time: what was verified before would need no key.
fn token(id: Option<&str>, key: &str, number: usize) -> String {
    let algorithm = if key.ends_with("p256") {
        "ES256"
    } else {
        "EdDSA"
    };
    let header = match id {
        Some(id) => json!({"alg": algorithm, "kid": id}),
        None => json!({ "alg": algorithm }),
    };
    let claims = json!({"exp": 1_900_000_000, "jti": number});
    format!("Bearer {}", signer::token(algorithm, key, &header, &claims))
}

fn with_token(token: &str) -> Request<Whole> {
    let address = ("spin-client-addr", "10.0.0.9:1");
    request("POST", PATH, &[("authorization", token), address], BODY)
}

fn show(app: &App<FakeHost>, id: &str, key: &str, number: usize) -> u16 {
    status_of(app, &token(Some(id), key, number))
}

fn status_of(app: &App<FakeHost>, token: &str) -> u16 {
    let (response, after) = block_on(app.respond(with_token(token)));
    block_on(app.follow_up(after));
    response.status.as_u16()
}

fn ready(app: &App<FakeHost>) -> Value {
    send(app, request("GET", "/health/ready", &[], "")).body
}

#[test]
fn keys_are_fetched_when_a_token_needs_them_and_kept_for_later_instances() {
    let first = with_signer(&[]);
    assert_eq!(first.host.take_sent(), NOTHING);
    publishes(&first, &[("a", "p256")]);
    assert_eq!(show(&first, "a", "p256", 1), 200);
    assert_eq!(first.host.take_sent(), FETCHED);
    assert_eq!(show(&first, "a", "p256", 2), 200);
    assert_eq!(first.host.stored("jwks"), ["jwks"]);

    let second = load(first.host.beside());
    let plain = load(first.host.beside());
    for number in 3..6 {
        assert_eq!(show(&second, "a", "p256", number), 200);
        let token = [("x-authorization", TOKEN)];
        send(&plain, request("POST", PATH, &token, BODY));
    }
    assert_eq!(second.host.take_sent(), NOTHING);
    let lines = second.host.lines.borrow().join("\n");
    assert!(!lines.contains("keys_"), "{lines}");
}

#[test]
fn an_instance_reads_the_store_once_and_not_for_a_static_token() {
    let first = with_signer(&[]);
    publishes(&first, &[("a", "p256")]);
    assert_eq!(show(&first, "a", "p256", 1), 200);

    let accesses = |settings: &[(&str, &str)], tokens: &[String]| {
        let mut host = first.host.beside();
        for (name, value) in settings {
            host.settings
                .insert((*name).to_owned(), (*value).to_owned());
        }
        let app = load(host);
        app.host.will(
            tokens
                .iter()
                .map(|_| json_answer(200, r#"[{"Resultado":"UPDATED"}]"#)),
        );
        for token in tokens {
            let (response, _) = block_on(app.respond(with_token(token)));
            assert_eq!(response.status.as_u16(), 200);
        }
        app.host.accesses.get()
    };
    let remote = ("data_api", "postgrest");
    let tokens = [token(Some("a"), "p256", 2), token(Some("a"), "p256", 3)];
    let pasted = signer::public_key("p256.pem");
    let pasted = [
        remote,
        ("jwt_public_key", &pasted),
        ("jwt_jwks_origin", ""),
        ("jwt_jwks_path", ""),
    ];
    assert_eq!(accesses(&[remote], &tokens), accesses(&pasted, &tokens) + 1);
    let headers = ("callback_token_headers", "authorization");
    let settings = [remote, ("callback_token", TOKEN), headers];
    assert_eq!(
        accesses(&settings, &[TOKEN.to_owned(), TOKEN.to_owned()]),
        0
    );
}

#[test]
fn no_callback_is_refused_where_a_key_is_announced_before_it_signs() {
    let app = with_signer(&[]);
    publishes(&app, &[("a", "p256")]);
    assert_eq!(show(&app, "a", "p256", 1), 200);
    app.host.take_sent();
    app.host.advance(HOUR);
    publishes(&app, &[("a", "p256"), ("b", "ed25519")]);
    let (response, after) = block_on(app.respond(with_token(&token(Some("a"), "p256", 2))));
    assert_eq!(response.status.as_u16(), 200);
    assert_eq!(app.host.take_sent(), NOTHING, "it does not wait for that");
    block_on(app.follow_up(after));
    assert_eq!(app.host.take_sent(), FETCHED);
    assert_eq!(show(&app, "b", "ed25519", 3), 200);
    assert_eq!(show(&app, "a", "p256", 4), 200);
    assert_eq!(app.host.take_sent(), NOTHING);

    // The first key is withdrawn, and what it has signed is good no longer, seen before or not.
    app.host.advance(HOUR);
    publishes(&app, &[("b", "ed25519")]);
    assert_eq!(show(&app, "b", "ed25519", 3), 200);
    assert_eq!(show(&app, "a", "p256", 4), 401);
    assert_eq!(show(&app, "a", "p256", 5), 401);
}

#[test]
fn a_key_that_was_not_announced_is_fetched_for_the_token_that_names_it() {
    let app = with_signer(&[]);
    publishes(&app, &[("a", "p256")]);
    assert_eq!(show(&app, "a", "p256", 1), 200);
    let other = load(app.host.beside());
    assert_eq!(show(&other, "a", "p256", 2), 200);
    app.host.advance(MINUTE);
    publishes(&app, &[("a", "p256"), ("b", "ed25519")]);
    assert_eq!(show(&app, "b", "ed25519", 3), 200);
    // Another instance finds it in the store.
    assert_eq!(show(&other, "b", "ed25519", 4), 200);
    assert_eq!(other.host.take_sent(), NOTHING);
}

#[test]
fn a_flood_of_unknown_keys_has_them_fetched_once_a_minute_by_all_instances() {
    let first = with_signer(&[("failed_attempts_per_minute", "0")]);
    publishes(&first, &[("a", "p256")]);
    assert_eq!(show(&first, "a", "p256", 0), 200);
    first.host.advance(MINUTE);
    // What is done after the reply takes time of its own, which here is the tokens'.
    let status = |app: &App<FakeHost>, id: &str, number| {
        let token = token(Some(id), "other-p256", number);
        let (response, _) = block_on(app.respond(with_token(&token)));
        response.status.as_u16()
    };
    let (mut fetched, mut refused) = (0, 0);
    for instance in 0..6 {
        let app = load(first.host.beside());
        publishes(&app, &[("a", "p256")]);
        for number in 0..40 {
            let id = format!("stranger-{instance}-{number}");
            refused += usize::from(status(&app, &id, number) == 401);
            app.host.advance(Duration::from_millis(200));
        }
        fetched += app.host.take_sent().len();
    }
    assert_eq!((fetched, refused), (1, 240));
    let accesses = first.host.accesses.get();
    for number in 0..40 {
        status(&first, "stranger", number);
    }
    let accesses = first.host.accesses.get() - accesses;
    assert!(
        accesses <= 2,
        "{accesses}: a look, and the count of refusals"
    );
}

#[test]
fn a_set_that_cannot_be_used_never_replaces_one_that_works() {
    let with = |status, headers, body: &str| Answers::With(0, status, headers, body.to_owned());
    let private = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA","d":"AA","kid":"a"}]}"#;
    for (answer, failure) in [
        (
            json_answer(200, "<!doctype html><p>Login"),
            "status 200 OK, but it is an HTML page",
        ),
        (json_answer(200, ""), "its body is empty"),
        (
            json_answer(200, r#"{"keys":[{"kty""#),
            "its JSON is cut off",
        ),
        (
            json_answer(200, &" ".repeat(500 << 10)),
            "more than 256 KiB",
        ),
        (json_answer(200, &"x".repeat(2 << 20)), "more than 1 MiB"),
        (json_answer(200, r#"{"keys":[]}"#), "ninguna clave"),
        (json_answer(200, r#"{"keys":{}}"#), "no es un JWKS"),
        (json_answer(200, "[]"), "no es un JWKS"),
        (json_answer(200, "null"), "no es un JWKS"),
        (json_answer(200, r#"{"jwks_uri":"https://x"}"#), "jwks_uri"),
        (
            json_answer(
                200,
                r#"{"keys":[7,null,"x",{"kty":"oct","k":"AA","kid":"a"}]}"#,
            ),
            "ninguna clave",
        ),
        (json_answer(200, r#"{"keys":[{"kty":7}]}"#), "ninguna clave"),
        (json_answer(200, private), "clave privada"),
        (
            with(302, &[("location", "https://evil.example/keys")], ""),
            "status 302",
        ),
        (json_answer(500, ""), "status 500"),
        (Answers::Fails(SendError::Tls), "TLS failed"),
        (Answers::Stalls, "no whole reply within 5000 ms"),
        (
            Answers::Halts(200, "{".to_owned()),
            "no whole reply within 5000 ms",
        ),
        (Answers::BreaksOff(200, "{".to_owned()), "broke off"),
    ] {
        let app = with_signer(&[]);
        publishes(&app, &[("a", "p256")]);
        assert_eq!(show(&app, "a", "p256", 1), 200);
        app.host.advance(HOUR);
        app.host.will([answer]);
        assert_eq!(show(&app, "a", "p256", 2), 200);
        assert_eq!(app.host.take_sent().len(), 2, "and nothing of a redirect");
        let lines = app.host.lines.borrow().join("\n");
        assert!(
            lines.contains("\"keys_not_fetched\"") && lines.contains(failure),
            "{failure}: {lines}"
        );
        assert_eq!(show(&app, "a", "p256", 3), 200);
        assert_eq!(show(&load(app.host.beside()), "a", "p256", 4), 200);
        let body = ready(&app);
        assert_eq!(
            (&body["status"], &body["checks"]["keys"]),
            (&json!("ready"), &json!("old"))
        );
        assert!(
            body["keys"]["failure"]
                .as_str()
                .is_some_and(|it| it.contains(failure)),
            "{body}"
        );
        assert_eq!(body["keys"]["ageMinutes"], 60);
    }
}

#[test]
fn members_that_cannot_be_used_are_left_out_and_named_once() {
    let app = with_signer(&[]);
    let mut members: Value = serde_json::from_str(&set(&[("a", "p256")])).expect("JSON");
    let keys = members["keys"].as_array_mut().expect("a list");
    keys.insert(0, json!({"kty": "EC", "crv": "P-521", "kid": "grande"}));
    for hour in 0..2 {
        app.host.will([json_answer(200, &members.to_string())]);
        assert_eq!(show(&app, "a", "p256", hour), 200);
        app.host.advance(HOUR);
    }
    let lines = app.host.lines.take().join("\n");
    assert_eq!(lines.matches("grande").count(), 1, "{lines}");
    assert_eq!(lines.matches("\"changed\":true").count(), 1, "{lines}");
}

#[test]
fn while_there_are_no_keys_a_token_is_not_called_invalid() {
    let app = with_signer(&[]);
    assert_eq!(ready(&app)["checks"]["keys"], "not_fetched");
    app.host.will([Answers::Fails(SendError::Refused)]);
    let seen = send(&app, with_token(&token(Some("a"), "p256", 1)));
    assert_eq!(
        (seen.status, &seen.body["code"]),
        (503, &json!("keys_unavailable"))
    );
    assert!(seen.headers.contains_key("retry-after"));
    assert!(
        seen.line["failure"]
            .as_str()
            .is_some_and(|it| it.contains("connection refused"))
    );
    // It is the one credential, so nobody gets in.
    let body = ready(&app);
    assert_eq!(
        (&body["status"], &body["checks"]["keys"]),
        (&json!("not_ready"), &json!("missing"))
    );
    // Nobody is asked again at once, by another instance neither.
    assert_eq!(show(&app, "a", "p256", 2), 503);
    assert_eq!(show(&load(app.host.beside()), "a", "p256", 2), 503);
    assert_eq!(app.host.take_sent(), FETCHED);
    app.host.advance(Duration::from_secs(10));
    publishes(&app, &[("a", "p256")]);
    assert_eq!(show(&app, "a", "p256", 3), 200);
    assert_eq!(show(&app, "b", "p256", 4), 401);
    assert_eq!(ready(&app)["checks"]["keys"], "ok");
}

#[test]
fn keys_are_used_a_day_longer_while_the_signer_is_away_and_no_longer() {
    let app = with_signer(&[]);
    publishes(&app, &[("a", "p256")]);
    assert_eq!(show(&app, "a", "p256", 1), 200);
    app.host.advance(25 * HOUR - MINUTE);
    app.host.will([Answers::Fails(SendError::Unresolved)]);
    assert_eq!(show(&app, "a", "p256", 2), 200);
    app.host.advance(2 * MINUTE);
    app.host.will([Answers::Fails(SendError::Unresolved)]);
    // One that was verified before is none the better.
    assert_eq!(show(&app, "a", "p256", 2), 503);
    assert_eq!(ready(&app)["checks"]["keys"], "missing");
    app.host.advance(MINUTE);
    publishes(&app, &[("a", "p256")]);
    assert_eq!(show(&app, "a", "p256", 2), 200);
}

#[test]
fn a_signer_that_stalls_holds_up_only_who_needs_a_key_of_it_and_not_for_long() {
    let app = with_signer(&[]);
    publishes(&app, &[("a", "p256")]);
    assert_eq!(show(&app, "a", "p256", 1), 200);
    app.host.advance(MINUTE);
    app.host.will([Answers::Stalls]);
    let began = app.host.monotonic();
    let unknown = Box::pin(app.respond(with_token(&token(Some("b"), "p256", 2))));
    let known = Box::pin(app.respond(with_token(&token(Some("a"), "p256", 3))));
    let Either::Right(((response, _), unknown)) = block_on(select(unknown, known)) else {
        panic!("the known one comes first")
    };
    assert_eq!(response.status.as_u16(), 200);
    let (response, _) = block_on(unknown);
    assert_eq!(response.status.as_u16(), 401);
    let took = app.host.monotonic() - began;
    assert!(took <= Duration::from_secs(7), "{took:?}");
}

#[test]
fn requests_of_two_instances_at_once_all_get_their_keys() {
    let one = with_signer(&[]);
    let other = load(one.host.beside());
    for app in [&one, &other] {
        app.host
            .will([Answers::With(50, 200, &[], set(&[("a", "p256")]))]);
    }
    let of = |app, number| respond(app, token(Some("a"), "p256", number));
    let ((first, second), (third, fourth)) = block_on(join(
        join(of(&one, 1), of(&one, 2)),
        join(of(&other, 3), of(&other, 4)),
    ));
    assert_eq!([first, second, third, fourth], [200; 4]);
    let sent = one.host.take_sent().len() + other.host.take_sent().len();
    assert_eq!(sent, 1, "one of them was later, and waits for the other");
}

async fn respond(app: &App<FakeHost>, token: String) -> u16 {
    let (response, _) = app.respond(with_token(&token)).await;
    response.status.as_u16()
}

#[test]
fn an_instance_that_fails_takes_nothing_from_one_that_was_faster() {
    let slow = with_signer(&[]);
    publishes(&slow, &[("a", "p256")]);
    assert_eq!(show(&slow, "a", "p256", 1), 200);
    let fast = load(slow.host.beside());
    assert_eq!(show(&fast, "a", "p256", 2), 200);
    slow.host.advance(HOUR);
    slow.host.will([Answers::Stalls]);
    let (_, due) = block_on(slow.respond(with_token(&token(Some("a"), "p256", 3))));
    let mut refreshing = Box::pin(slow.follow_up(due));
    // It has begun, and stalls.
    let begun = Box::pin(slow.host.sleep(Duration::from_millis(100)));
    assert!(matches!(
        block_on(select(&mut refreshing, begun)),
        Either::Right(_)
    ));
    fast.host.advance(MINUTE);
    publishes(&fast, &[("b", "p256")]);
    assert_eq!(show(&fast, "b", "p256", 4), 200);
    block_on(refreshing);
    assert_eq!(show(&load(fast.host.beside()), "b", "p256", 5), 200);
}

#[test]
fn without_the_store_each_instance_fetches_its_own_keys() {
    let mut host =
        FakeHost::with(&[&[("callback_token", ""), ("data_api", "postgrest")], SIGNER].concat());
    host.store_fails = true;
    let app = load(host);
    let updated = json_answer(200, r#"[{"Resultado":"UPDATED"}]"#);
    publishes(&app, &[("a", "p256")]);
    app.host.will([updated.clone(), updated]);
    assert_eq!(show(&app, "a", "p256", 1), 200);
    assert_eq!(show(&app, "a", "p256", 2), 200);
    assert_eq!(app.host.take_sent().len(), 3);
    assert!(app.host.lines.borrow().join("\n").contains("keys_not_kept"));
    // What others have done nobody can tell now, so a stranger causes nothing.
    app.host.advance(2 * MINUTE);
    assert_eq!(show(&app, "b", "p256", 3), 401);
    assert_eq!(app.host.take_sent(), NOTHING);
}

#[test]
fn whoever_has_the_static_token_waits_for_no_key() {
    let app = app(SIGNER);
    let bearer = token(Some("a"), "p256", 1);
    let headers = [("x-authorization", TOKEN), ("authorization", &bearer)];
    let seen = send(&app, request("POST", PATH, &headers, BODY));
    assert_eq!((seen.status, &seen.line["level"]), (200, &json!("info")));
    assert_eq!(app.host.take_sent(), NOTHING);
    assert!(app.host.stored("jwks").is_empty());
}

#[test]
fn both_are_required_where_the_mode_says_so() {
    let app = app(&[SIGNER, &[("callback_auth_mode", "required")]].concat());
    publishes(&app, &[("a", "p256")]);
    let show = |token: &str, id: &str, number| {
        let bearer = self::token(Some(id), "p256", number);
        let headers = [("x-authorization", token), ("authorization", &bearer)];
        send(&app, request("POST", PATH, &headers, BODY)).status
    };
    assert_eq!(show(TOKEN, "a", 1), 200);
    assert_eq!(show("otro", "a", 2), 403);
    assert_eq!(show(TOKEN, "b", 3), 403);
    assert_eq!(show("otro", "b", 4), 401);
}

#[test]
fn guesses_are_counted_while_there_are_no_keys() {
    let app = app(&[SIGNER, &[("failed_attempts_per_minute", "3")]].concat());
    app.host.will([Answers::Fails(SendError::Refused)]);
    let guess = |number| {
        let bearer = token(Some("a"), "p256", number);
        let address = ("spin-client-addr", "10.0.0.9:1");
        let headers = [
            ("x-authorization", "guess"),
            ("authorization", &bearer),
            address,
        ];
        send(&app, request("POST", PATH, &headers, BODY)).status
    };
    let seen: Vec<_> = (0..5).map(guess).collect();
    assert_eq!(seen, [503, 503, 503, 429, 429]);
}

#[test]
fn a_pasted_key_beside_them_needs_no_signer() {
    let app = with_signer(&[("jwt_public_key", &signer::public_key("p256.pem"))]);
    app.host.will([Answers::Fails(SendError::Refused)]);
    assert_eq!(status_of(&app, &token(None, "p256", 1)), 200);
    assert_eq!(show(&app, "any", "p256", 2), 200);
    assert_eq!(app.host.take_sent(), NOTHING);
    // This one may be the signer's.
    assert_eq!(show(&app, "b", "ed25519", 3), 503);
    app.host.advance(MINUTE);
    publishes(&app, &[("b", "ed25519")]);
    assert_eq!(show(&app, "b", "ed25519", 4), 200);
    assert_eq!(status_of(&app, &token(None, "p256", 5)), 200);
}

#[test]
fn keys_of_another_address_and_values_that_cannot_be_read_are_none() {
    let app = with_signer(&[]);
    publishes(&app, &[("a", "p256")]);
    assert_eq!(show(&app, "a", "p256", 1), 200);
    let mut host = app.host.beside();
    host.settings
        .insert("jwt_jwks_path".to_owned(), "/other/keys".to_owned());
    let other = load(host);
    publishes(&other, &[("b", "p256")]);
    assert_eq!(show(&other, "a", "p256", 2), 401);
    assert_eq!(
        other.host.take_sent(),
        ["GET https://login.example/other/keys"]
    );

    let newer = br#"{"version":2,"url":"https://login.example/tenant/keys?v=2"}"#;
    for value in [&b"{"[..], b"\xff", b"[]", newer] {
        let odd = with_signer(&[]);
        odd.host
            .store
            .borrow_mut()
            .insert("jwks".to_owned(), value.to_owned());
        publishes(&odd, &[("a", "p256")]);
        assert_eq!(show(&odd, "a", "p256", 3), 200);
    }
}

#[test]
fn a_clock_that_was_ahead_does_not_stop_what_follows() {
    let app = with_signer(&[]);
    app.host.advance(1000 * HOUR);
    publishes(&app, &[("a", "p256")]);
    assert_eq!(show(&app, "a", "p256", 1), 200);
    let later = with_signer(&[]);
    *later.host.store.borrow_mut() = app.host.store.borrow().clone();
    publishes(&later, &[("b", "p256")]);
    assert_eq!(show(&later, "a", "p256", 2), 200);
    assert_eq!(later.host.take_sent(), FETCHED);
    assert_eq!(show(&load(later.host.beside()), "b", "p256", 3), 200);
}
