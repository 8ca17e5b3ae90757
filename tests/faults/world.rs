//! One seed's world: everybody in it, the time of trouble, the healing, and the verdict.

use std::fmt::Write as _;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::data_api::{self, DataApi};
use crate::journal::{Answer, Event, Journal};
use crate::judge::{self, Breach};
use crate::lanzador::Lanzador;
use crate::mishaps;
use crate::operator::{self, Operator};
use crate::sam::Sam;
use crate::server::{self, Server};
use crate::traffic::Traffic;

const CALLERS: usize = 24;

/// More than one, since two of them at once are what an outbox without a lock has to bear.
const OPERATORS: usize = 2;

/// All is healed and judged after so much trouble, and then it goes on.
const EPISODE: Duration = Duration::from_secs(20);

/// How many breaches are told with their history.
const TOLD: usize = 3;

/// How long instances of the component live, on a host with the flags of `spin up`.
const FLAGS: [&[&str]; 4] = [
    &[],
    &["--max-instance-reuse-count", "1"],
    &["--max-instance-concurrent-reuse-count", "1"],
    &["--idle-instance-timeout", "600s"],
];

pub struct World {
    random: Rng,
    journal: Arc<Journal>,
    sam: Arc<Sam>,
    data_api: DataApi,
    server: Server,
    traffic: Traffic,
    operator: Operator,
    drained: operator::Drained,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let journal = Arc::new(Journal::new());
        let sam = Arc::new(Sam::new(Arc::clone(&journal)));
        let data_api = DataApi::start(Arc::clone(&sam), Arc::clone(&journal), random.fork());
        let flags = FLAGS[random.usize(..FLAGS.len())];
        let settings = [
            ("callback_token", server::TOKEN),
            ("admin_token", operator::TOKEN),
            ("data_api", "dab"),
            ("data_api_origin", &data_api.origin()),
            ("data_api_timeout_ms", &data_api::TIMEOUT_MS.to_string()),
            // The journal says more, and a long run's log is long.
            ("log_level", "error"),
        ];
        let server = Server::start_with(&settings, flags);
        let lanzador = Lanzador::new(Arc::clone(&sam));
        let traffic = Traffic::new(server.address, seed, Arc::clone(&journal), lanzador);
        Self {
            random,
            journal,
            sam,
            data_api,
            operator: Operator::of(server.address),
            server,
            traffic,
            drained: operator::Drained::default(),
        }
    }

    /// Lets there be trouble for so long, and says what has come of it.
    ///
    /// # Errors
    /// How the promise was broken.
    pub fn run(mut self, time: Duration) -> Result<String, String> {
        let mut left = time;
        while !left.is_zero() {
            let episode = left.min(EPISODE);
            left -= episode;
            self = self.trouble(Instant::now() + episode);
            self.heal()?;
            let breaches = judge::judge(&self.journal.events(), &self.sam.rows());
            if !breaches.is_empty() {
                return Err(self.report(&breaches));
            }
        }
        Ok(self.summary())
    }

    /// Everybody at it until then.
    fn trouble(mut self, until: Instant) -> Self {
        let random = &mut self.random;
        let mut callers: Vec<_> = (0..CALLERS).map(|_| random.fork()).collect();
        let mut meddlers: Vec<_> = (0..OPERATORS).map(|_| random.fork()).collect();
        let [mut weather, mut host] = std::array::from_fn(|_| random.fork());
        let (traffic, data_api, journal) = (&self.traffic, &self.data_api, &self.journal);
        let operator = &self.operator;
        self.server = thread::scope(|scope| {
            for random in &mut callers {
                scope.spawn(move || traffic.call(random, until));
            }
            scope.spawn(|| traffic.lanzador.work(until));
            scope.spawn(|| data_api.change(&mut weather, until));
            for random in &mut meddlers {
                scope.spawn(move || operator.meddle(random, until));
            }
            mishaps::happen(self.server, journal, &mut host, until)
        });
        self
    }

    /// All rows are there, and everything that was kept is delivered.
    fn heal(&mut self) -> Result<(), String> {
        self.journal.note(Event::Host("everything is well again"));
        self.traffic.lanzador.make_all();
        if self.operator.is_needed() {
            let drained = self.operator.drain()?;
            self.drained.delivered += drained.delivered;
            self.drained.requeued += drained.requeued;
        }
        self.data_api.wait_until_quiet();
        Ok(())
    }

    fn report(&self, breaches: &[Breach]) -> String {
        let seed = self.traffic.seed;
        let mut text = format!("seed {seed}: {} breaches\n", breaches.len());
        for Breach { deployment, what } in breaches.iter().take(TOLD) {
            // Writing to a text does not fail.
            let _ = writeln!(text, "\n{deployment}: {what}");
            for (place, (time, event)) in self.journal.events().iter().enumerate() {
                if event.deployment().is_none_or(|it| it == deployment) {
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
        let [done, queued, refused, nothing] = [
            count(|event| matches!(event, Event::Answered(_, _, Answer::Done))),
            count(|event| matches!(event, Event::Answered(_, _, Answer::Queued))),
            count(|event| matches!(event, Event::Answered(_, _, Answer::Refused(_)))),
            count(|event| matches!(event, Event::Answered(_, _, Answer::Nothing))),
        ];
        let faults = count(|event| matches!(event, Event::Fault(..)));
        let cuts = count(|event| matches!(event, Event::Host("power cut")));
        let failing = count(|event| matches!(event, Event::StoreFails(_)));
        let rows = self.sam.rows().len();
        let operator::Drained {
            delivered,
            requeued,
        } = self.drained;
        format!(
            "faults: kept, for {rows} deployments: {done} callbacks done, {queued} queued, \
             {refused} refused, {nothing} without a reply; {faults} faults of the data API, {cuts} \
             power cuts, {failing} failures of the store; {delivered} drained at the end, after \
             {requeued} dead letters were put back"
        )
    }
}
