//! A server that can stop listening at its address, and start again.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use support::ports::free_address;
use support::upstream::{self, Act, RecordedRequest};

pub struct Listener {
    address: SocketAddr,
    service: Arc<Service>,
    listening: Mutex<Option<JoinHandle<()>>>,
}

struct Service {
    answer: Box<dyn Fn(&RecordedRequest) -> Act + Send + Sync>,
    closing: AtomicBool,
    /// Requests that are being answered.
    busy: AtomicUsize,
}

impl Listener {
    /// Listens, and answers each request as `answer` says.
    pub fn new(answer: impl Fn(&RecordedRequest) -> Act + Send + Sync + 'static) -> Self {
        let it = Self {
            // Not a port that the system gives to clients: it has to be there after each pause.
            address: free_address(),
            service: Arc::new(Service {
                answer: Box::new(answer),
                closing: AtomicBool::new(false),
                busy: AtomicUsize::new(0),
            }),
            listening: Mutex::default(),
        };
        it.open();
        it
    }

    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn open(&self) {
        let mut listening = self.listening.lock().expect("no panic");
        if listening.is_none() {
            let listener = TcpListener::bind(self.address).expect("our own port");
            let service = Arc::clone(&self.service);
            *listening = Some(thread::spawn(move || service.serve(&listener)));
        }
    }

    pub fn close(&self) {
        if let Some(listening) = self.listening.lock().expect("no panic").take() {
            self.service.closing.store(true, Ordering::SeqCst);
            // It looks up only when a connection comes. An error means that one has come already.
            let _ = TcpStream::connect(self.address);
            listening.join().expect("no panic");
            self.service.closing.store(false, Ordering::SeqCst);
        }
    }

    /// Returns once it has nothing under way: what it writes late is written by then.
    pub fn wait_until_quiet(&self) {
        while self.service.busy.load(Ordering::SeqCst) > 0 {
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Service {
    fn serve(self: Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming() {
            if self.closing.load(Ordering::SeqCst) {
                return;
            }
            let service = Arc::clone(&self);
            self.busy.fetch_add(1, Ordering::SeqCst);
            thread::spawn(move || {
                if let Some((asked, stream)) = stream.ok().and_then(upstream::receive) {
                    upstream::act(stream, (service.answer)(&asked));
                }
                service.busy.fetch_sub(1, Ordering::SeqCst);
            });
        }
    }
}
