//! BlizWork, and whoever would like to be taken for it: calls with tokens that are valid, that are
//! not, and that have been used; alone, or several at once with the same token.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::json;
use ureq::Agent;

use crate::blizwork::BlizWork;
use crate::journal::{Answer, Journal};
use crate::recent::Recent;
use crate::sender;
use crate::submissions::{Columns, Kind, Submission, hash, slot};

/// How many tokens may be used again.
const RECENT: usize = 48;

/// How many of them are, once everything is well again.
const REPEATED: usize = 12;

const PATH: &str = "/blizwork";

/// What all callers share.
pub struct Calls {
    address: SocketAddr,
    journal: Arc<Journal>,
    blizwork: Arc<BlizWork>,
    /// Calls, so far.
    number: AtomicU64,
    /// Tokens that were used, each with its call.
    recent: Recent<(String, Arc<Submission>)>,
}

impl Calls {
    pub fn new(address: SocketAddr, journal: Arc<Journal>, blizwork: Arc<BlizWork>) -> Self {
        Self {
            address,
            journal,
            blizwork,
            number: AtomicU64::new(0),
            recent: Recent::new(RECENT),
        }
    }

    /// One caller, who calls until then.
    pub fn call(&self, random: &mut Rng, until: Instant) {
        let agent = sender::agent();
        while Instant::now() < until {
            let replayed = self.recent.any(random).filter(|_| random.u8(..4) == 0);
            let answer = match replayed {
                Some((token, call)) => match random.bool() {
                    true => self.send(&agent, &call),
                    false => self.send(&agent, &self.with_token(&token, random)),
                },
                None => self.send_new(&agent, random),
            };
            let longest = sender::longest_pause(answer);
            thread::sleep(Duration::from_millis(random.u64(..longest)));
        }
    }

    /// Uses once more the tokens that were used lately, with the same call and with another.
    pub fn repeat(&self, random: &mut Rng) {
        let agent = sender::agent();
        for (token, call) in self.recent.last(REPEATED) {
            self.send(&agent, &call);
            self.send(&agent, &self.with_token(&token, random));
        }
    }

    fn send_new(&self, agent: &Agent, random: &mut Rng) -> Answer {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let token = format!("call-{number}:/+=%25\"{:x}", random.u64(..));
        let call = self.with_token(&token, random);
        match random.u8(..10) {
            // Nobody has made it.
            0 => return self.send(agent, &call),
            1 => self.blizwork.makes_expired(&token),
            _ => self.blizwork.makes(&token),
        }
        self.recent.keep((token.clone(), Arc::clone(&call)));
        if random.u8(..5) > 0 {
            return self.send(agent, &call);
        }
        let other = self.with_token(&token, random);
        thread::scope(|scope| {
            scope.spawn(|| self.send(&sender::agent(), &other));
            self.send(agent, &call)
        })
    }

    /// A call with this token, and with a content that no other has.
    fn with_token(&self, token: &str, random: &mut Rng) -> Arc<Submission> {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let length = if random.u8(..20) == 0 { 50_000 } else { 10 };
        let body = format!(
            "{{ \"environment\":\"production\",\"processId\":\"p\\u00f1\", \"caseNumber\": {number},\
             \"token\":{},\"fields\":{{\"a\":[1.50,\"{}\"]}}}}\n",
            json!(token),
            "ñ".repeat(length)
        );
        let columns = [
            ("environment", "production".to_owned()),
            ("process_id", "pñ".to_owned()),
            ("case_number", number.to_string()),
            ("payload", body.clone()),
        ];
        let columns = columns.map(|(name, text)| (name.to_owned(), text));
        let hash = hash(token);
        Arc::new(Submission {
            kind: Kind::Call,
            row: format!("eventos_blizwork/{hash}"),
            slots: vec![slot("blizwork", "token", &hash)],
            id: hash,
            timestamp: None,
            columns: Columns::from(columns),
            body,
        })
    }

    fn send(&self, agent: &Agent, call: &Arc<Submission>) -> Answer {
        sender::submit(agent, self.address, &self.journal, (PATH, &[]), call)
    }
}
