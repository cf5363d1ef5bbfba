//! The table with one seat: who is served, what the engine does for him, and what may interrupt it.
//!
//! The engine works on one thread and hears nothing meanwhile. The others listen: the door to new clients and cancel
//! requests, a reader to the client being served, the clock to time limits. To interrupt the engine is to end this
//! process; the parent starts another.

use std::{
    io::Write,
    net::Shutdown,
    os::{
        fd::OwnedFd,
        unix::net::{UnixListener, UnixStream},
    },
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc},
    time::{Duration, Instant},
};

use crate::demo::wire::{self, Key, Opening};

/// How long a client may take to say what it wants.
const OPENING: Duration = Duration::from_secs(5);
/// How long a second client waits for the first to leave.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long work goes on for a client that has hung up.
const GRACE: Duration = Duration::from_millis(200);

/// A client that was let in.
pub(super) struct Guest {
    /// Where answers go.
    pub(super) stream: UnixStream,
    /// What it said when it came.
    pub(super) parameters: Vec<(String, String)>,
    /// Its messages, in batches that each ask for an answer; ends when it leaves.
    pub(super) batches: mpsc::Receiver<Vec<u8>>,
}

/// What the threads share.
#[derive(Default)]
pub(super) struct Table {
    seat: Mutex<Seat>,
    changed: Condvar,
}

#[derive(Default)]
struct Seat {
    /// Counts clients, so that a reader knows whether its client is still the one being served.
    number: u64,
    taken: bool,
    /// The client has hung up.
    gone: bool,
    /// Where an error goes that interrupts.
    client: Option<UnixStream>,
    key: Option<Key>,
    work: Work,
}

/// Whether the engine works for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Work {
    #[default]
    Idle,
    Unlimited,
    Until(Instant),
}

impl Table {
    /// Opens the door and starts the clock; clients come out of the receiver, one at a time.
    pub(super) fn open(listener: OwnedFd) -> std::io::Result<(Arc<Self>, mpsc::Receiver<Guest>)> {
        let table = Arc::new(Self::default());
        let (door, guests) = mpsc::channel();
        let (at_door, at_clock) = (Arc::clone(&table), Arc::clone(&table));
        let listener = UnixListener::from(listener);
        std::thread::Builder::new().name("door".to_owned()).spawn(move || at_door.welcome(&listener, &door))?;
        std::thread::Builder::new().name("clock".to_owned()).spawn(move || at_clock.keep_time())?;
        Ok((table, guests))
    }

    /// From now on the client may cancel with this key.
    pub(super) fn give_key(&self, key: Key) {
        self.change(|seat| seat.key = Some(key));
    }

    /// The engine begins to work; false when there is nobody left to work for.
    pub(super) fn begin(&self, limit: Option<Duration>) -> bool {
        let mut present = false;
        self.change(|seat| {
            present = !seat.gone;
            if present {
                seat.work = limit.map_or(Work::Unlimited, |limit| Work::Until(Instant::now() + limit));
            }
        });
        present
    }

    /// The engine has done its work.
    pub(super) fn end(&self) {
        self.change(|seat| seat.work = Work::Idle);
    }

    /// The client leaves the table.
    pub(super) fn leave(&self) {
        self.change(|seat| *seat = Seat { number: seat.number, ..Seat::default() });
    }

    fn seat(&self) -> MutexGuard<'_, Seat> {
        self.seat.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Seat)) {
        change(&mut self.seat());
        self.changed.notify_all();
    }

    /// Lets clients in; each is heard on a thread of its own.
    fn welcome(self: &Arc<Self>, listener: &UnixListener, door: &mpsc::Sender<Guest>) {
        for stream in listener.incoming() {
            // A failed accept (no file descriptors left) passes; without the pause it would take a whole processor.
            let Ok(stream) = stream else {
                std::thread::sleep(Duration::from_millis(100));
                continue;
            };
            let (table, door) = (Arc::clone(self), door.clone());
            let _ = std::thread::Builder::new().name("guest".to_owned()).spawn(move || table.hear(stream, &door));
        }
    }

    /// Hears one client from its first word to its last.
    fn hear(&self, mut stream: UnixStream, door: &mpsc::Sender<Guest>) {
        let _ = stream.set_read_timeout(Some(OPENING));
        match wire::read_opening(&mut stream) {
            Ok(Opening::Cancel(key)) => {
                let seat = self.seat();
                if seat.key == Some(key) && seat.work != Work::Idle {
                    interrupt(&seat, "canceling statement due to user request");
                }
            }
            Ok(Opening::Session(parameters)) => {
                let _ = stream.set_read_timeout(None);
                let Ok(answers) = stream.try_clone() else { return };
                let Some(number) = self.sit_down(&stream) else {
                    let _ = stream.write_all(&wire::fatal("53300", "the demo serves one connection at a time"));
                    return;
                };
                let (batches, received) = mpsc::channel();
                let _ = door.send(Guest { stream: answers, parameters, batches: received });
                read(stream, |batch| drop(batches.send(batch)));
                self.hung_up(number);
            }
            Err(_) => {}
        }
    }

    /// Waits for the seat; gives the client's number.
    fn sit_down(&self, stream: &UnixStream) -> Option<u64> {
        let (mut seat, waited) = self
            .changed
            .wait_timeout_while(self.seat(), PATIENCE, |seat| seat.taken)
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return None;
        }
        let number = seat.number + 1;
        *seat = Seat { number, taken: true, client: stream.try_clone().ok(), ..Seat::default() };
        Some(number)
    }

    /// A client has hung up: what the engine does for it would keep others waiting for nothing. A moment's grace lets
    /// short work end, and lets the parent be noticed that hung up because it died.
    fn hung_up(&self, number: u64) {
        let served = |seat: &Seat| seat.number == number && seat.taken;
        self.change(|seat| seat.gone |= served(seat));
        std::thread::sleep(GRACE);
        let seat = self.seat();
        if served(&seat) && seat.work != Work::Idle {
            interrupt(&seat, "the client has gone");
        }
    }

    /// Interrupts work that passes its time limit.
    fn keep_time(&self) {
        let mut seat = self.seat();
        loop {
            seat = match seat.work {
                Work::Until(end) => match end.saturating_duration_since(Instant::now()) {
                    Duration::ZERO => interrupt(&seat, "canceling statement due to statement timeout"),
                    left => self.changed.wait_timeout(seat, left).unwrap_or_else(PoisonError::into_inner).0,
                },
                Work::Idle | Work::Unlimited => self.changed.wait(seat).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

/// Reads a client's messages until it hangs up, in batches that each ask for an answer.
pub(in crate::demo::child) fn read(mut stream: UnixStream, mut batches: impl FnMut(Vec<u8>)) {
    let mut batch = Vec::new();
    while let Ok(Some(kind)) = wire::read_message(&mut stream, &mut batch) {
        match kind {
            // Query, Sync and a function call ask for an answer; what comes before waits for them.
            b'Q' | b'S' | b'F' => {
                batches(std::mem::take(&mut batch));
            }
            // Terminate: nothing but the end of the stream follows.
            b'X' => batch.clear(),
            _ => {}
        }
    }
}

/// Tells the client why and ends this process, which is the only way to interrupt the engine. The seat is locked, so
/// that no answer mixes with the error.
fn interrupt(seat: &Seat, why: &str) -> ! {
    if let Some(mut client) = seat.client.as_ref() {
        let _ = client.set_write_timeout(Some(Duration::from_secs(1)));
        let _ = client.write_all(&wire::fatal("57014", why));
        let _ = client.shutdown(Shutdown::Both);
    }
    super::super::leave(|| 0);
}
