//! The trace that a request belongs to (W3C Trace Context, Recommendation of 23 November 2021), to be handed
//! on as it came: the component takes no part in it.

use super::message::Headers;

/// Length of a `traceparent` of version 00: version, trace id, parent id and flags.
const PARENT_BYTES: usize = 55;

/// Longest `tracestate` that is handed on (3.3.1.5: at least 512 characters).
const LONGEST_STATE: usize = 512;

/// Most members of a `tracestate` (3.3.1.1).
const MOST_MEMBERS: usize = 32;

/// `traceparent` and `tracestate` of a request, as far as they are valid.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TraceContext {
    parent: Option<String>,
    state: Option<String>,
}

impl TraceContext {
    /// What the headers say. A `traceparent` that is not valid, or comes twice, is none, and without one
    /// there is no `tracestate` either.
    pub fn of(headers: &Headers) -> Self {
        let mut parents = headers.all("traceparent");
        let parent = parents.next().filter(|_| parents.next().is_none());
        let parent = parent.and_then(|value| str::from_utf8(value).ok());
        let parent = parent.filter(|value| is_parent(value)).map(str::to_owned);
        Self {
            state: parent.as_ref().and_then(|_| state(headers)),
            parent,
        }
    }

    /// Adds it to the headers of a request, unless they have a trace of their own.
    pub fn add_to(&self, headers: &mut Headers) {
        let Some(parent) = &self.parent else {
            return;
        };
        if headers.first("traceparent").is_some() || headers.first("tracestate").is_some() {
            return;
        }
        headers.add("traceparent", parent.as_str());
        if let Some(state) = &self.state {
            headers.add("tracestate", state.as_str());
        }
    }
}

/// 3.2: lower-case hex throughout, neither id all zeros. A later version may be longer, and what it means
/// then nobody knows here.
fn is_parent(value: &str) -> bool {
    let parts: Vec<_> = value.split('-').collect();
    let [version, trace, parent, flags] = parts[..] else {
        return false;
    };
    let is_hex = |part: &str| {
        let mut bytes = part.bytes();
        bytes.all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_zero = |part: &str| part.bytes().all(|byte| byte == b'0');
    value.len() == PARENT_BYTES
        && [version.len(), trace.len(), parent.len(), flags.len()] == [2, 32, 16, 2]
        && parts.iter().all(|part| is_hex(part))
        && version != "ff"
        && !is_zero(trace)
        && !is_zero(parent)
}

/// 3.3: members of all headers of the name, in order.
fn state(headers: &Headers) -> Option<String> {
    let values = headers.all("tracestate").map(str::from_utf8);
    let values = values.collect::<Result<Vec<_>, _>>().ok()?;
    let members = values.iter().flat_map(|value| value.split(','));
    let members: Vec<_> = members
        .map(|member| member.trim_matches([' ', '\t']))
        .filter(|member| !member.is_empty())
        .collect();
    let keys: Vec<_> = members.iter().map(|member| key(member)).collect();
    let is_valid =
        |(index, key): (usize, &Option<&str>)| key.is_some() && !keys[..index].contains(key);
    let state = members.join(",");
    let is_bounded = (1..=LONGEST_STATE).contains(&state.len()) && members.len() <= MOST_MEMBERS;
    (is_bounded && keys.iter().enumerate().all(is_valid)).then_some(state)
}

/// The key of a member that is valid.
fn key(member: &str) -> Option<&str> {
    let (key, value) = member.split_once('=')?;
    let is_key_byte =
        |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/' | b'@');
    let begins_well =
        key.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit());
    let is_value_byte = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'=';
    let is_valid = begins_well
        && key.len() <= 256
        && key.bytes().all(is_key_byte)
        && !value.is_empty()
        && value.len() <= 256
        && value.bytes().all(is_value_byte);
    is_valid.then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::header_map;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn handed_on(headers: &[(&'static str, &str)]) -> Vec<String> {
        let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_bytes())).collect();
        let mut sent = Headers::default();
        TraceContext::of(&header_map(&headers)).add_to(&mut sent);
        let text = |value: &[u8]| String::from_utf8(value.to_owned()).expect("text");
        let fields = sent.as_fields().iter();
        fields
            .map(|(name, value)| format!("{name}: {}", text(value)))
            .collect()
    }

    #[test]
    fn a_parent_is_handed_on_as_it_came_if_it_is_valid() {
        let later = PARENT.replacen("00", "01", 1);
        for parent in [PARENT, &later] {
            assert_eq!(
                handed_on(&[("traceparent", parent)]),
                [format!("traceparent: {parent}")]
            );
        }
        let upper = PARENT.to_uppercase();
        let longer = format!("{later}-more");
        let spaced = format!(" {PARENT}");
        for parent in [
            "",
            "00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7_01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ñ",
            &upper,
            &longer,
            &spaced,
        ] {
            let headers = [("traceparent", parent), ("tracestate", "a=1")];
            assert!(handed_on(&headers).is_empty(), "{parent}");
        }
        let twice = [("traceparent", PARENT), ("Traceparent", PARENT)];
        assert!(handed_on(&twice).is_empty());
        assert!(handed_on(&[("tracestate", "a=1")]).is_empty());
    }

    #[test]
    fn a_state_goes_with_its_parent_if_all_of_it_is_valid_and_short() {
        let with = |states: &[&str]| {
            let mut headers = vec![("traceparent", PARENT)];
            headers.extend(states.iter().map(|state| ("tracestate", *state)));
            let sent = handed_on(&headers);
            assert_eq!(sent[0], format!("traceparent: {PARENT}"));
            sent.get(1)
                .map(|state| state["tracestate: ".len()..].to_owned())
        };
        let long = format!("a={}", "x".repeat(256));
        let longest = format!("{long},b={}", "x".repeat(251));
        for (states, expected) in [
            (
                vec!["congo=t61rcWkgMzE,rojo=00f0"],
                Some("congo=t61rcWkgMzE,rojo=00f0"),
            ),
            (vec!["a=1 , b=2,", "t@v=3"], Some("a=1,b=2,t@v=3")),
            (vec![longest.as_str()], Some(longest.as_str())),
            (vec!["", " , "], None),
        ] {
            assert_eq!(with(&states).as_deref(), expected);
        }
        let many: Vec<_> = (0..33).map(|number| format!("k{number}=1")).collect();
        let (many, too_long) = (many.join(","), format!("{longest}x,c=1"));
        for state in [
            "a",
            "=1",
            "a=",
            "A=1",
            "a=1,a=2",
            "a=b=c",
            "a=ñ",
            "a=1\r\nb: c",
            &many,
            &too_long,
        ] {
            assert_eq!(with(&[state]), None, "{state}");
        }
    }

    #[test]
    fn a_trace_that_an_operator_has_set_stays() {
        let mut headers = Headers::default();
        headers.add("traceparent", "00-fixed");
        let trace = TraceContext::of(&header_map(&[("traceparent", PARENT.as_bytes())]));
        trace.add_to(&mut headers);
        assert_eq!(headers.as_fields().len(), 1);
    }
}
