//! One seed's run: its parts, the faults, the recovery, and the verdict.

use std::fmt::Write as _;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use support::redis::Redis;
use support::server::Server;
use support::signatures;

use crate::arguments::Run;
use crate::blizwork::{self, BlizWork};
use crate::bookings::{self, Bookings};
use crate::callbacks::Callbacks;
use crate::calls::Calls;
use crate::data_api::{self, DataApi};
use crate::dialect::Dialect;
use crate::faults;
use crate::journal::{Answer, Event, Journal};
use crate::judge::{self, Breach};
use crate::lanzador::Lanzador;
use crate::messages::Messages;
use crate::operator::{self, Operator};
use crate::sam::Sam;
use crate::store::Store;
use crate::submissions::{Kind, Reply};
use crate::tables::Tables;

/// Those of A360, those who send messages, those of Cal.com, and those of BlizWork.
const CALLERS: [usize; 4] = [12, 8, 4, 6];

/// More than one, since two of them at once are what an outbox without a lock has to bear.
const OPERATORS: usize = 2;

/// After so long all faults end and the result is judged; then they go on.
const EPISODE: Duration = Duration::from_secs(20);

/// How many breaches are reported with their history.
const REPORTED: usize = 3;

/// How long instances of the component live, on a host with the flags of `spin up`.
const FLAGS: [&[&str]; 4] = [
    &[],
    &["--max-instance-reuse-count", "1"],
    &["--max-instance-concurrent-reuse-count", "1"],
    &["--idle-instance-timeout", "600s"],
];

/// As the shipped runtime-config.toml has it.
const OUTBOUND: &str = "[outbound_http]\nconnection_pooling = true";

pub struct Simulation {
    random: Rng,
    journal: Arc<Journal>,
    seed: u64,
    sam: Arc<Sam>,
    tables: Arc<Tables>,
    data_api: DataApi,
    blizwork: Arc<BlizWork>,
    server: Server,
    store: Store,
    lanzador: Arc<Lanzador>,
    callbacks: Callbacks,
    messages: Messages,
    bookings: Bookings,
    calls: Calls,
    operator: Operator,
    drained: operator::Drained,
}

impl Simulation {
    pub fn new(run: &Run) -> Self {
        let seed = run.seed;
        let mut random = Rng::with_seed(seed);
        let journal = Arc::new(Journal::new());
        let sam = Arc::new(Sam::new(Arc::clone(&journal)));
        let tables = Arc::new(Tables::new(Arc::clone(&journal)));
        // So that of two neighbouring seeds each has its own.
        let dialect = match seed % 2 {
            0 => Dialect::Postgrest,
            _ => Dialect::Dab,
        };
        let (own, others) = (Arc::clone(&sam), Arc::clone(&tables));
        let noted = Arc::clone(&journal);
        let data_api = DataApi::start(dialect, own, others, noted, random.fork());
        let blizwork = Arc::new(BlizWork::start(Arc::clone(&journal), random.fork()));
        let flags = FLAGS[random.usize(..FLAGS.len())];
        let redis = run.redis.then(|| Arc::new(Redis::start_durable()));
        let server = server(dialect, &data_api, &blizwork, redis.as_deref(), flags);
        let store = match redis {
            Some(redis) => Store::Redis(redis),
            None => Store::Sqlite(server.state.path().join("sqlite_key_value.db")),
        };
        let lanzador = Arc::new(Lanzador::new(Arc::clone(&sam), Arc::clone(&tables)));
        let shared = || (server.address, Arc::clone(&journal), Arc::clone(&lanzador));
        let (address, noted, expecting) = shared();
        let callbacks = Callbacks::new(address, seed, noted, expecting);
        let (address, noted, expecting) = shared();
        let messages = Messages::new(address, seed, noted, expecting);
        let bookings = Bookings::new(address, seed, Arc::clone(&journal));
        let calls = Calls::new(address, Arc::clone(&journal), Arc::clone(&blizwork));
        Self {
            random,
            seed,
            journal,
            sam,
            tables,
            data_api,
            blizwork,
            operator: Operator::of(server.address),
            server,
            store,
            lanzador,
            callbacks,
            messages,
            bookings,
            calls,
            drained: operator::Drained::default(),
        }
    }

    /// Runs with faults for so long, and returns a summary.
    ///
    /// # Errors
    /// How the promise was broken.
    pub fn run(mut self, time: Duration) -> Result<String, String> {
        let mut left = time;
        while !left.is_zero() {
            let episode = left.min(EPISODE);
            left -= episode;
            self = self.run_with_faults(Instant::now() + episode);
            self.recover()?;
            let breaches = self.verdict();
            if !breaches.is_empty() {
                return Err(self.report(&breaches));
            }
        }
        Ok(self.summary())
    }

    /// Callers, operators and faults, all at once, until then.
    fn run_with_faults(mut self, until: Instant) -> Self {
        let random = &mut self.random;
        let callers = CALLERS.map(|number| (0..number).map(|_| random.fork()).collect::<Vec<_>>());
        let mut operators: Vec<_> = (0..OPERATORS).map(|_| random.fork()).collect();
        let [mut health, mut others, mut host] = std::array::from_fn(|_| random.fork());
        let (callbacks, messages, calls) = (&self.callbacks, &self.messages, &self.calls);
        let bookings = &self.bookings;
        let (data_api, blizwork, store) = (&self.data_api, &self.blizwork, &self.store);
        let (lanzador, journal, operator) = (&self.lanzador, &self.journal, &self.operator);
        let [of_a360, of_others, of_cal, of_blizwork] = callers;
        self.server = thread::scope(|scope| {
            for mut random in of_a360 {
                scope.spawn(move || callbacks.call(&mut random, until));
            }
            for mut random in of_others {
                scope.spawn(move || messages.call(&mut random, until));
            }
            for mut random in of_cal {
                scope.spawn(move || bookings.call(&mut random, until));
            }
            for mut random in of_blizwork {
                scope.spawn(move || calls.call(&mut random, until));
            }
            scope.spawn(|| lanzador.work(until));
            scope.spawn(|| data_api.change(&mut health, until));
            scope.spawn(|| blizwork.change(&mut others, until));
            for random in &mut operators {
                scope.spawn(move || {
                    for dead in operator.interfere(random, until) {
                        journal.note(Event::DeadLetter(dead));
                    }
                });
            }
            faults::inject(self.server, store, journal, &mut host, until)
        });
        self
    }

    fn verdict(&self) -> Vec<Breach> {
        let (rows, others) = (self.sam.rows(), self.tables.rows());
        judge::judge(&self.journal.events(), &rows, &others)
    }

    /// Makes the rows that are missing, repeats what was sent lately, and delivers all of the outbox.
    fn recover(&mut self) -> Result<(), String> {
        self.journal.note(Event::Host("all faults are over"));
        self.lanzador.make_all();
        self.messages.repeat();
        self.bookings.repeat();
        self.calls.repeat(&mut self.random);
        if self.operator.is_needed() {
            for dead in self.operator.dead_by_others()? {
                self.journal.note(Event::DeadLetter(dead));
            }
            let drained = self.operator.drain()?;
            self.drained.delivered += drained.delivered;
            self.drained.requeued += drained.requeued;
        }
        self.data_api.wait_until_quiet();
        Ok(())
    }

    fn report(&self, breaches: &[Breach]) -> String {
        let seed = self.seed;
        let mut text = format!("seed {seed}: {} breaches\n", breaches.len());
        for Breach { subject, what } in breaches.iter().take(REPORTED) {
            // Writing to a text does not fail.
            let _ = writeln!(text, "\n{subject}: {what}");
            for (place, (time, event)) in self.journal.events().iter().enumerate() {
                if event.subject().is_none_or(|it| it == subject) {
                    let seconds = time.as_secs_f64();
                    let _ = writeln!(text, "  #{place:<6} {seconds:8.3} s  {event}");
                }
            }
        }
        text
    }

    fn summary(&self) -> String {
        let events = self.journal.events();
        let count =
            |wanted: fn(&Event) -> bool| events.iter().filter(|(_, event)| wanted(event)).count();
        let callbacks = count_answers(&events, None);
        let messages = count_answers(&events, Some(Kind::Message));
        let of_cal = count_answers(&events, Some(Kind::Booking));
        let calls = count_answers(&events, Some(Kind::Call));
        let activity = count(|event| matches!(event, Event::ActivityAsked(_)));
        let faults = count(|event| matches!(event, Event::Fault(..)));
        let cuts = count(|event| matches!(event, Event::Host("power cut")));
        let failing = count(|event| matches!(event, Event::StoreFails(_)));
        let rows = self.sam.rows().len() + self.tables.rows().len();
        let operator::Drained {
            delivered,
            requeued,
        } = self.drained;
        format!(
            "faults: kept, for {rows} rows: {callbacks} of the callbacks, {messages} of the \
             messages, {of_cal} of Cal.com's events, {calls} of the calls; {activity} rows of the \
             history of activity; {faults} faults of the data API, {cuts} power cuts, \
             {failing} failures of the store; {delivered} drained at the end, after {requeued} \
             dead letters were put back"
        )
    }
}

/// The server, with everything set up.
fn server(
    dialect: Dialect,
    data_api: &DataApi,
    blizwork: &BlizWork,
    redis: Option<&Redis>,
    flags: &'static [&'static str],
) -> Server {
    let secrets = format!("{} {}", signatures::SECRET, signatures::STANDARD);
    let settings = [
        ("admin_token", operator::TOKEN),
        ("data_api", dialect.name()),
        ("data_api_origin", &data_api.origin()),
        ("data_api_timeout_ms", &data_api::TIMEOUT_MS.to_string()),
        ("webhook_secret", &secrets),
        ("webhook_rate_limit_per_minute", "0"),
        ("cal_secret", bookings::SECRET),
        ("activity_table", "actividad"),
        ("blizwork_api_origin", &blizwork.origin()),
        ("blizwork_api_token", blizwork::API_TOKEN),
        ("blizwork_endpoint_url", blizwork::ENDPOINT),
        // The journal says more, and a long run's log is long.
        ("log_level", "error"),
    ];
    Server::start_prepared_with(&settings, flags, |folder| {
        if let Some(redis) = redis {
            let config = redis.runtime_config(OUTBOUND);
            std::fs::write(folder.join("runtime-config.toml"), config).expect("it is written");
        }
    })
}

/// How the senders of messages or calls, or of callbacks, were answered, and how often.
fn count_answers(events: &[(Duration, Event)], wanted: Option<Kind>) -> String {
    let answers = events.iter().filter_map(|(_, event)| match event {
        Event::Answered(_, _, answer) => Some((None, *answer)),
        Event::Replied(submission, Reply { answer, .. }) => Some((Some(submission.kind), *answer)),
        _ => None,
    });
    let (mut done, mut queued, mut refused, mut nothing) = (0, 0, 0, 0);
    for (_, answer) in answers.filter(|(kind, _)| *kind == wanted) {
        *match answer {
            Answer::Done => &mut done,
            Answer::Queued => &mut queued,
            Answer::Refused(_) => &mut refused,
            Answer::Nothing => &mut nothing,
        } += 1;
    }
    format!("{done} done, {queued} kept, {refused} refused and {nothing} without a reply")
}
