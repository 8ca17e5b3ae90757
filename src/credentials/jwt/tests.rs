//! Tokens as servers and attackers make them. Each is signed by ring, not by what is tested.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::*;
use crate::credentials::operations;
use crate::testing::{header_map, received, signer};

const CASES: &str = include_str!("../../../tests/cases/jwt.json");

fn now() -> f64 {
    let at = received(&[], b"").at.duration_since(SystemTime::UNIX_EPOCH);
    at.expect("after 1970").as_secs_f64()
}

fn settings(keys: &str) -> JwtSettings {
    JwtSettings {
        keys: Some(Keys::parse(keys).unwrap_or_else(|fault| panic!("{keys}: {fault}"))),
        published: None,
        issuer: None,
        audience: None,
        leeway: Duration::from_secs(60),
    }
}

fn examine(jwt: &Jwt, headers: &[&[u8]]) -> Finding {
    let mut received = received(&[], b"");
    for value in headers {
        received.headers.add("authorization", *value);
    }
    jwt.examine(&received)
}

fn show(jwt: &Jwt, token: &str) -> Finding {
    examine(jwt, &[format!("Bearer {token}").as_bytes()])
}

/// `given` with the members of `changes` in it; `null` takes one out.
fn changed(mut given: Map<String, Value>, changes: &Value) -> Value {
    for (name, value) in changes.as_object().into_iter().flatten() {
        let value = match (value.get("in"), value.get("is"), value.get("of")) {
            (Some(seconds), _, _) => json!(now() + seconds.as_f64().expect("seconds")),
            (_, Some(literal), _) => literal.clone(),
            (_, _, Some(_)) => jwk(value),
            _ if value.is_null() => {
                given.remove(name);
                continue;
            }
            _ => value.clone(),
        };
        given.insert(name.clone(), value);
    }
    Value::Object(given)
}

/// `{"of": name, …}`: the JWK of that name with the other members.
fn jwk(about: &Value) -> Value {
    let keys: Value = serde_json::from_str(&signer::public_key("jwk.json")).expect("JSON");
    let mut about = about.as_object().expect("an object").clone();
    let name = about.remove("of").expect("a name");
    let key = keys[name.as_str().expect("text")].as_object();
    changed(key.expect("a key").clone(), &Value::Object(about))
}

/// Files of PEM, one JWK, or a set of them.
fn keys(named: &Value) -> String {
    let named = named.as_array().expect("a list");
    let [first, rest @ ..] = named.as_slice() else {
        panic!("no key")
    };
    if first.is_string() {
        let files = named.iter().map(|file| file.as_str().expect("text"));
        return files.map(signer::public_key).collect();
    }
    if rest.is_empty() {
        return jwk(first).to_string();
    }
    let keys: Vec<_> = named.iter().map(jwk).collect();
    json!({ "keys": keys }).to_string()
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}

fn finding(name: &str) -> String {
    match name {
        "valid" => format!("{:?}", Finding::Valid),
        why => format!("Invalid({why:?})"),
    }
}

#[test]
fn each_token_of_the_table_has_its_finding() {
    let cases: Vec<Value> = serde_json::from_str(CASES).expect("JSON");
    for case in &cases {
        let (algorithm, key) = (
            case["alg"].as_str().expect("alg"),
            case["key"].as_str().expect("key"),
        );
        let header = object(json!({"alg": algorithm, "typ": "JWT"}));
        let claims = object(json!({"exp": now() + 300.0, "sub": "gateway"}));
        let header = changed(header, &case["header"]);
        let claims = changed(claims, &case["claims"]);
        let token = signer::token(algorithm, key, &header, &claims);

        let mut settings = settings(&keys(&case["keys"]));
        let set = &case["settings"];
        settings.issuer = set["issuer"].as_str().map(str::to_owned);
        settings.audience = set["audience"].as_str().map(str::to_owned);
        if let Some(leeway) = set["leeway"].as_u64() {
            settings.leeway = Duration::from_secs(leeway);
        }
        let jwt = Jwt::new(&settings);
        let expected = finding(case["finds"].as_str().expect("finds"));
        for time in ["first", "second"] {
            let found = format!("{:?}", show(&jwt, &token));
            assert_eq!(found, expected, "{}, the {time} time", case["case"]);
        }
    }
}

fn good_token() -> String {
    let header = json!({"alg": "RS256"});
    signer::token("RS256", "rsa", &header, &json!({"exp": now() + 300.0}))
}

#[test]
fn the_header_is_one_bearer_token_and_nothing_else() {
    let jwt = Jwt::new(&settings(&signer::public_key("rsa.pem")));
    let good = good_token();
    let with = |before: &str, after: &str| format!("{before}{good}{after}").into_bytes();
    let malformed = Finding::Invalid("malformed");
    let repeated = Finding::Invalid("repeated header");
    for (headers, finding) in [
        (vec![], Finding::Absent),
        (vec![with("Bearer ", "")], Finding::Valid),
        (vec![with("bearer ", "")], Finding::Valid),
        (vec![with("BEARER ", "")], Finding::Valid),
        (vec![with("Bearer   ", "  ")], Finding::Valid),
        (vec![with("  Bearer ", "\t")], Finding::Valid),
        (vec![b"".to_vec()], Finding::Absent),
        (vec![b"  ".to_vec()], Finding::Absent),
        (vec![b"Basic dTpw".to_vec()], Finding::Absent),
        (vec![with("", "")], Finding::Absent),
        (vec![with("Bearer", "")], Finding::Absent),
        (vec![with("Bearer\t", "")], Finding::Absent),
        (vec![with("JWT ", "")], Finding::Absent),
        (vec![b"Bearer".to_vec()], malformed),
        (vec![b"Bearer ".to_vec()], malformed),
        (vec![with("Bearer Bearer ", "")], malformed),
        (vec![with("Bearer ", " x")], malformed),
        (vec![with("Bearer ", ",")], malformed),
        (vec![with("Bearer \"", "\"")], malformed),
        (vec![with("Bearer ", "\u{f1}")], malformed),
        (vec![b"Bearer a.b.c\xff".to_vec()], malformed),
        (vec![with("Bearer ", ""), with("Bearer ", "")], repeated),
        (vec![with("Bearer ", ""), b"Bearer x".to_vec()], repeated),
        (vec![b"".to_vec(), with("Bearer ", "")], repeated),
        (vec![b"Basic x".to_vec(), with("Bearer ", "")], repeated),
    ] {
        let values: Vec<&[u8]> = headers.iter().map(Vec::as_slice).collect();
        let shown: Vec<_> = values.iter().map(|v| String::from_utf8_lossy(v)).collect();
        assert_eq!(examine(&jwt, &values), finding, "{shown:?}");
    }
}

#[test]
fn no_part_of_a_token_can_be_changed_left_out_or_added() {
    let jwt = Jwt::new(&settings(&signer::public_key("rsa.pem")));
    let good = good_token();
    let parts: Vec<&str> = good.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        panic!("three parts")
    };
    assert_eq!(show(&jwt, &good), Finding::Valid);
    for wrong in [
        format!("{header}.{claims}."),
        format!("{header}.{claims}"),
        format!("{header}..{signature}"),
        format!(".{claims}.{signature}"),
        format!("{header}.{signature}"),
        format!("{good}."),
        format!(".{good}"),
        format!("{good}.{signature}"),
        format!("{header}.{claims}.{}", &signature[..signature.len() - 4]),
        format!("{header}.{claims}.AAAA{signature}"),
        format!("{header}.{claims}.{signature}AAAA"),
        format!("{header}.{claims}.{signature}="),
        format!("{header}.{claims}.{signature}=="),
        format!("{header}=.{claims}.{signature}"),
        format!("{header}.{claims}.{}", "A".repeat(signature.len())),
        format!("{header}.{claims}.{}", "_".repeat(signature.len())),
        good.replace('.', ".."),
        good.replace('.', " . "),
        good.to_lowercase(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        "null".to_owned(),
    ] {
        let finding = show(&jwt, &wrong);
        assert!(
            matches!(finding, Finding::Invalid(_)),
            "{wrong}: {finding:?}"
        );
    }
    // Each single character, but for the last bits of a part that stand for nothing: those too.
    for at in 0..good.len() {
        let other = if good.as_bytes()[at] == b'A' {
            "B"
        } else {
            "A"
        };
        let mut wrong = good.clone();
        wrong.replace_range(at..=at, other);
        let finding = show(&jwt, &wrong);
        assert!(matches!(finding, Finding::Invalid(_)), "{at}: {finding:?}");
    }
}

#[test]
fn header_and_claims_are_objects_with_each_member_once() {
    let jwt = Jwt::new(&settings(&signer::public_key("rsa.pem")));
    let exp = now() + 300.0;
    let good = format!(r#"{{"exp":{exp}}}"#);
    for (header, claims, finding) in [
        (r#"{"alg":"RS256"}"#, good.as_str(), Finding::Valid),
        (" {\"alg\":\"RS256\"}\n", good.as_str(), Finding::Valid),
        (r#"{"alg":"RS256"}x"#, &good, Finding::Invalid("malformed")),
        (r#"["RS256"]"#, &good, Finding::Invalid("malformed")),
        (
            r#"{"alg":"RS256","alg":"RS256"}"#,
            &good,
            Finding::Invalid("malformed"),
        ),
        (
            "\u{feff}{\"alg\":\"RS256\"}",
            &good,
            Finding::Invalid("malformed"),
        ),
        ("", &good, Finding::Invalid("malformed")),
        (r#"{"alg":"RS256"}"#, "", Finding::Invalid("malformed")),
        (r#"{"alg":"RS256"}"#, "null", Finding::Invalid("malformed")),
        (
            r#"{"alg":"RS256"}"#,
            "\"exp\"",
            Finding::Invalid("malformed"),
        ),
        (
            r#"{"alg":"RS256"}"#,
            &format!("[null,null,{exp}]"),
            Finding::Invalid("malformed"),
        ),
        (
            r#"{"alg":"RS256"}"#,
            &format!(r#"{{"exp":1,"exp":{exp}}}"#),
            Finding::Invalid("malformed"),
        ),
        (
            r#"{"alg":"RS256"}"#,
            r#"{"exp":1e999}"#,
            Finding::Invalid("malformed"),
        ),
        (
            r#"{"alg":"RS256"}"#,
            r#"{"exp":NaN}"#,
            Finding::Invalid("malformed"),
        ),
    ] {
        let token = signer::token_of("RS256", "rsa", header.as_bytes(), claims.as_bytes());
        assert_eq!(show(&jwt, &token), finding, "{header} {claims}");
    }
    let in_claims = format!(r#"{{"exp":{exp},"x":"?"}}"#).replace('?', "\u{e9}");
    let in_header = "{\"alg\":\"RS256\",\"x\":\"\u{e9}\"}";
    for (header, claims) in [
        (in_header, good.as_str()),
        (r#"{"alg":"RS256"}"#, &in_claims),
    ] {
        let utf8 = signer::token_of("RS256", "rsa", header.as_bytes(), claims.as_bytes());
        assert_eq!(show(&jwt, &utf8), Finding::Valid, "{header} {claims}");
        let latin1 = |text: &str| text.chars().map(|c| c as u8).collect::<Vec<_>>();
        let token = signer::token_of("RS256", "rsa", &latin1(header), &latin1(claims));
        assert_eq!(
            show(&jwt, &token),
            Finding::Invalid("malformed"),
            "{header} {claims}"
        );
    }
}

#[test]
fn header_members_that_nobody_follows_neither_refuse_a_token_nor_hide_those_that_count() {
    let jwt = Jwt::new(&settings(&signer::public_key("rsa.pem")));
    let claims = json!({"exp": now() + 300.0}).to_string();
    let malformed = Finding::Invalid("malformed");
    let critical = Finding::Invalid("critical header");
    for (header, finding) in [
        (r#"{"alg":"RS256","x5t":"abc"}"#, Finding::Valid),
        (r#"{"alg":"RS256","x5t":"abc","x5t":"abc"}"#, Finding::Valid),
        (
            r#"{"alg":"RS256","typ":5,"jku":[7],"x5u":{}}"#,
            Finding::Valid,
        ),
        (
            r#"{"cty":"application/json","alg":"RS256"}"#,
            Finding::Valid,
        ),
        (r#"{"alg":"RS256","x5t":"abc","alg":"RS256"}"#, malformed),
        (
            r#"{"kid":"a","alg":"RS256","x5t":"abc","kid":"a"}"#,
            malformed,
        ),
        (r#"{"alg":"RS256","x5t":"abc","kid":1}"#, malformed),
        (r#"{"x5t":"abc"}"#, malformed),
        (r#"{"alg":"RS256","cty":"JWT","crit":["exp"]}"#, critical),
        (r#"{"alg":"RS256","x5t":"abc","crit":null}"#, critical),
        (
            r#"{"alg":"none","x5t":"abc"}"#,
            Finding::Invalid("unknown key"),
        ),
    ] {
        let token = signer::token_of("RS256", "rsa", header.as_bytes(), claims.as_bytes());
        assert_eq!(show(&jwt, &token), finding, "{header}");
    }
}

#[test]
fn a_token_of_16_kib_is_looked_at_and_a_longer_one_is_not() {
    let jwt = Jwt::new(&settings(&signer::public_key("ed25519.pem")));
    let sized = |padding: usize| {
        let claims = json!({"exp": now() + 300.0, "pad": "x".repeat(padding)});
        signer::token("EdDSA", "ed25519", &json!({"alg": "EdDSA"}), &claims)
    };
    let padding = (1..).find(|padding| sized(12_000 + padding).len() > MAX_TOKEN_BYTES);
    let padding = 12_000 + padding.expect("found");
    let (longest, longer) = (sized(padding - 1), sized(padding));
    assert!(longest.len() <= MAX_TOKEN_BYTES && longer.len() > MAX_TOKEN_BYTES);
    assert_eq!(show(&jwt, &longest), Finding::Valid);
    assert_eq!(show(&jwt, &longer), Finding::Invalid("too long"));
    assert_eq!(
        show(&jwt, &"x".repeat(MAX_TOKEN_BYTES + 1)),
        Finding::Invalid("too long")
    );
}

#[test]
fn a_remembered_token_ends_when_it_says() {
    let jwt = Jwt::new(&settings(&signer::public_key("rsa.pem")));
    let header = json!({"alg": "RS256"});
    let claims = json!({"exp": now() + 300.0, "nbf": now() - 10.0});
    let token = signer::token("RS256", "rsa", &header, &claims);
    let mut received = received(&[], b"");
    received.headers = header_map(&[]);
    received
        .headers
        .add("authorization", format!("Bearer {token}"));
    let start = received.at;
    for (after, finding) in [
        (0, Finding::Valid),
        (359, Finding::Valid),
        (360, Finding::Invalid("expired")),
        (1, Finding::Valid),
    ] {
        received.at = start + Duration::from_secs(after);
        assert_eq!(jwt.examine(&received), finding, "after {after} s");
    }
    received.at = start - Duration::from_secs(71);
    assert_eq!(jwt.examine(&received), Finding::Invalid("not yet valid"));
}

#[test]
fn only_what_was_verified_is_remembered_and_only_as_a_whole() {
    let jwt = Jwt::new(&settings(&signer::public_key("rsa.pem")));
    let good = good_token();
    let forged = format!("{}A", &good[..good.len() - 1]);
    for _ in 0..2 {
        assert!(matches!(show(&jwt, &forged), Finding::Invalid(_)));
    }
    assert_eq!(jwt.verified_tokens.len(), 0);
    for _ in 0..2 {
        assert_eq!(show(&jwt, &good), Finding::Valid);
    }
    assert_eq!(jwt.verified_tokens.len(), 1);
    assert!(matches!(show(&jwt, &forged), Finding::Invalid(_)));
    assert!(matches!(
        show(&jwt, &good[..good.len() - 1]),
        Finding::Invalid(_)
    ));
}

#[test]
fn what_is_remembered_has_a_bound() {
    let jwt = Jwt::new(&settings(&signer::public_key("ed25519.pem")));
    for number in 0..200 {
        let claims = json!({"exp": now() + 300.0, "jti": number});
        let token = signer::token("EdDSA", "ed25519", &json!({"alg": "EdDSA"}), &claims);
        assert_eq!(show(&jwt, &token), Finding::Valid);
    }
    assert_eq!(jwt.verified_tokens.len(), 64);
}

/// A key set of so many keys, of which the one that signs is at this place.
fn key_set(kind: &str, keys: usize, place: usize, named: bool) -> String {
    let all: Value = serde_json::from_str(&signer::public_key("jwk.json")).expect("JSON");
    let keys = (0..keys).map(|at| {
        let name = if at == place {
            kind.to_owned()
        } else {
            format!("other-{kind}")
        };
        let mut key = all[name].clone();
        if named {
            key["kid"] = json!(format!("k{at}"));
        }
        key
    });
    json!({ "keys": keys.collect::<Vec<_>>() }).to_string()
}

fn signed(algorithm: &str, kind: &str, key_id: Option<&str>) -> String {
    let mut header = json!({ "alg": algorithm });
    if let Some(key_id) = key_id {
        header["kid"] = json!(key_id);
    }
    signer::token(algorithm, kind, &header, &json!({ "exp": now() + 300.0 }))
}

#[test]
fn no_token_costs_more_than_two_operations_however_many_keys_there_are() {
    for (algorithm, kind) in [("RS256", "rsa"), ("PS512", "rsa"), ("ES256", "p256")] {
        for named in [true, false] {
            let jwt = Jwt::new(&settings(&key_set(kind, 16, 15, named)));
            operations::take();
            for key_id in [None, Some("k3"), Some("none")] {
                let token = signed(algorithm, kind, key_id);
                assert!(matches!(show(&jwt, &token), Finding::Invalid(_)));
                let done = operations::take();
                assert!((1..=2).contains(&done), "{algorithm} {key_id:?}: {done}");
            }
        }
    }
}

#[test]
fn the_first_two_keys_that_fit_verify_a_token_without_kid_and_a_kid_finds_any_key() {
    const LEFT: Finding =
        Finding::Invalid("more keys fit than are tried, and those have not signed it");
    for (place, unnamed) in [
        (0, Finding::Valid),
        (1, Finding::Valid),
        (2, LEFT),
        (8, LEFT),
    ] {
        let keys = key_set("rsa", 16, place, true);
        let new = || Jwt::new(&settings(&keys));
        let token = signed("RS256", "rsa", None);
        assert_eq!(show(&new(), &token), unnamed, "{place}");
        let token = signed("RS256", "rsa", Some(&format!("k{place}")));
        operations::take();
        assert_eq!(show(&new(), &token), Finding::Valid, "{place}");
        assert_eq!(operations::take(), 1);
    }
    // Keys of another kind do not count.
    let mut keys: Value = serde_json::from_str(&key_set("p256", 9, 0, false)).expect("JSON");
    let rsa: Value = serde_json::from_str(&key_set("rsa", 2, 1, false)).expect("JSON");
    let all = keys["keys"].as_array_mut().expect("keys");
    all.extend(rsa["keys"].as_array().expect("keys").clone());
    let jwt = Jwt::new(&settings(&keys.to_string()));
    assert_eq!(show(&jwt, &signed("RS256", "rsa", None)), Finding::Valid);
}

#[test]
fn the_key_that_verified_last_is_tried_first() {
    let jwt = Jwt::new(&settings(&key_set("rsa", 16, 1, true)));
    let mut costs = [2, 1, 1].into_iter();
    for seconds in [300.0, 301.0, 302.0] {
        let token = signer::token(
            "RS256",
            "rsa",
            &json!({ "alg": "RS256" }),
            &json!({ "exp": now() + seconds }),
        );
        operations::take();
        assert_eq!(show(&jwt, &token), Finding::Valid);
        assert_eq!(Some(operations::take()), costs.next());
    }
}

#[test]
fn a_glance_costs_no_operation_and_knows_a_token_that_was_verified() {
    let jwt = Jwt::new(&settings(&signer::public_key("rsa.pem")));
    let token = good_token();
    let glance = |token: &str| {
        let value = format!("Bearer {token}");
        let received = received(&[("authorization", value.as_bytes())], b"");
        operations::take();
        let found = jwt.glance(&received);
        assert_eq!(operations::take(), 0);
        found
    };
    assert_eq!(glance(&token), None);
    assert_eq!(show(&jwt, &token), Finding::Valid);
    assert_eq!(glance(&token), Some(Finding::Valid));
    assert_eq!(glance("a.b.c"), Some(Finding::Invalid("malformed")));
}
