//! What each reply leads to, as the data APIs, and what stands before them, send it.

use crate::delivery::dab::RULES as DAB;
use crate::delivery::postgrest::RULES as POSTGREST;
use crate::http::message::StatusCode;
use crate::outbound::ErrorDetail;
use crate::outbound::Rule;
use crate::outbound::Verdict::{self, Final, RefusesAll, Transient, Waits};

const PAGE: &str = "<html><head><title>404 Not Found</title></head></html>";

fn verdict(rules: &[Rule], status: u16, body: &str) -> Verdict {
    let status = StatusCode::from_u16(status).expect("a status");
    Verdict::of(status, &ErrorDetail::read(body.as_bytes()), rules)
}

fn dab(status: u16, code: &str) -> Verdict {
    let body = format!(r#"{{"error":{{"code":"{code}","message":"…","status":{status}}}}}"#);
    verdict(DAB, status, &body)
}

fn postgrest(status: u16, code: &str) -> Verdict {
    let body = format!(r#"{{"code":"{code}","details":null,"hint":null,"message":"…"}}"#);
    verdict(POSTGREST, status, &body)
}

#[test]
fn what_the_data_api_refuses_for_good_is_a_dead_letter() {
    for code in ["BadRequest", "DatabaseInputError"] {
        assert_eq!(dab(400, code), Final, "{code}");
    }
    for code in ["22001", "22P02", "22P05", "22007", "23502", "23514"] {
        assert_eq!(postgrest(400, code), Final, "{code}");
    }
    for rules in [DAB, POSTGREST] {
        assert_eq!(verdict(rules, 413, PAGE), Final);
    }
}

#[test]
fn what_mends_itself_or_somebody_mends_waits() {
    for (status, code) in [
        (404, "PGRST202"),
        (404, "PGRST205"),
        (400, "PGRST204"),
        (400, "PGRST102"),
        (300, "PGRST203"),
        (401, "PGRST301"),
        (401, "PGRST303"),
        (403, "42501"),
        (404, "42883"),
        (404, "42P01"),
        (400, "42703"),
        (400, "22023"),
        (401, "22023"),
        (405, "25006"),
        (406, "PGRST106"),
    ] {
        assert_eq!(postgrest(status, code), RefusesAll, "{status} {code}");
    }
    for (status, code) in [
        (400, "P0001"),
        (409, "23503"),
        (409, "23505"),
        (500, "XX000"),
    ] {
        assert_eq!(postgrest(status, code), Waits, "{status} {code}");
    }
    for (status, code) in [
        (401, "AuthenticationChallenge"),
        (403, "AuthorizationCheckFailed"),
        (404, "EntityNotFound"),
        (405, "BadRequest"),
    ] {
        assert_eq!(dab(status, code), RefusesAll, "{status} {code}");
    }
    for (status, code) in [
        (400, "DatabaseOperationFailed"),
        (403, "DatabasePolicyFailure"),
        (500, "DatabaseOperationFailed"),
        (500, "UnexpectedError"),
    ] {
        assert_eq!(dab(status, code), Waits, "{status} {code}");
    }
}

#[test]
fn what_may_well_pass_in_a_moment_is_tried_again() {
    assert_eq!(dab(409, "DatabaseOperationFailed"), Transient);
    for (status, code) in [
        (503, "PGRST002"),
        (504, "PGRST003"),
        (500, "40001"),
        (500, "40P01"),
    ] {
        assert_eq!(postgrest(status, code), Transient, "{status} {code}");
    }
}

#[test]
fn what_is_not_worded_by_the_data_api_is_no_refusal_of_its_own() {
    let bodies = [
        PAGE,
        "",
        "404 page not found\n",
        r#"{"err"#,
        // A hosted project over its quota, Kong, and Azure's API Management.
        r#"{"message":"exceed_egress_quota"}"#,
        r#"{"message":"no Route matched with those values"}"#,
        r#"{"statusCode":404,"message":"Resource not found"}"#,
        r#"{"error":"22001"}"#,
        r#"{"code":22001}"#,
    ];
    for (status, body) in [400, 402, 404, 410, 421, 422, 423]
        .into_iter()
        .flat_map(|status| bodies.map(|body| (status, body)))
    {
        for rules in [DAB, POSTGREST] {
            assert_eq!(verdict(rules, status, body), RefusesAll, "{status} {body}");
        }
    }
    // And not the other's words.
    assert_eq!(verdict(DAB, 400, r#"{"code":"22001"}"#), RefusesAll);
    assert_eq!(verdict(DAB, 400, r#"{"code":"BadRequest"}"#), RefusesAll);
    let nested = r#"{"error":{"code":"22001"}}"#;
    assert_eq!(verdict(POSTGREST, 400, nested), RefusesAll);
}
