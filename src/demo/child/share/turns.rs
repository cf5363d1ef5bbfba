//! Whose turn it is: clients are heard by threads of their own, and the engine's thread takes what they say one by one. To interrupt the
//! engine, which hears nothing while it works, is to end this process.

use std::{
    collections::{BTreeMap, VecDeque},
    io::Write,
    os::{
        fd::OwnedFd,
        unix::net::{UnixListener, UnixStream},
    },
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    time::{Duration, Instant},
};

use crate::demo::{
    child::{leave, serve::read},
    wire::{self, Key, Opening},
};

/// How long a client may take to say what it wants.
const OPENING: Duration = Duration::from_secs(5);
/// How long one request may take: planning runs functions, and one of those may never end.
const LONGEST: Duration = Duration::from_mins(2);
/// How often the clock looks.
const LOOK: Duration = Duration::from_millis(250);

/// Something a client does.
pub(super) struct Event {
    /// Which client.
    pub(super) who: u64,
    /// What it does.
    pub(super) what: What,
}

/// What a client does.
pub(super) enum What {
    /// It comes: where answers go, and what it said.
    Came(UnixStream, Vec<(String, String)>),
    /// It asks: messages that want an answer.
    Asked(Vec<u8>),
    /// It is gone.
    Left,
}

/// What clients have said and the engine has not heard.
pub(super) struct Events {
    said: mpsc::Receiver<Event>,
    waiting: VecDeque<Event>,
}

impl Events {
    /// The next event, of this client alone if one is given; none when nobody can come any more.
    pub(super) fn next(&mut self, only: Option<u64>) -> Option<Event> {
        let fits = |event: &Event| only.is_none_or(|who| event.who == who);
        if let Some(at) = self.waiting.iter().position(fits) {
            return self.waiting.remove(at);
        }
        loop {
            let event = self.said.recv().ok()?;
            if fits(&event) {
                return Some(event);
            }
            self.waiting.push_back(event);
        }
    }
}

/// What the threads share.
#[derive(Default)]
pub(super) struct Turns {
    keys: Mutex<BTreeMap<u64, Key>>,
    work: Mutex<Option<Work>>,
}

/// A request that the engine works on.
struct Work {
    who: u64,
    client: Option<UnixStream>,
    until: Instant,
}

impl Turns {
    /// Opens the door and starts the clock.
    pub(super) fn open(listener: OwnedFd) -> std::io::Result<(Arc<Self>, Events)> {
        let turns = Arc::new(Self::default());
        let (say, said) = mpsc::channel();
        let (at_door, at_clock) = (Arc::clone(&turns), Arc::clone(&turns));
        let listener = UnixListener::from(listener);
        std::thread::Builder::new().name("door".to_owned()).spawn(move || at_door.welcome(&listener, &say))?;
        std::thread::Builder::new().name("clock".to_owned()).spawn(move || at_clock.keep_time())?;
        Ok((turns, Events { said, waiting: VecDeque::new() }))
    }

    /// From now on a client may cancel with this key.
    pub(super) fn give_key(&self, who: u64, key: Key) {
        locked(&self.keys).insert(who, key);
    }

    /// A client is gone.
    pub(super) fn forget(&self, who: u64) {
        locked(&self.keys).remove(&who);
    }

    /// The engine begins to work for a client.
    pub(super) fn begin(&self, who: u64, client: &UnixStream) {
        *locked(&self.work) = Some(Work { who, client: client.try_clone().ok(), until: Instant::now() + LONGEST });
    }

    /// The engine has done its work.
    pub(super) fn end(&self) {
        *locked(&self.work) = None;
    }

    fn welcome(self: &Arc<Self>, listener: &UnixListener, say: &mpsc::Sender<Event>) {
        for (who, stream) in (1..).zip(listener.incoming()) {
            // A failed accept (no file descriptors left) passes; without the pause it would take a whole processor.
            let Ok(stream) = stream else {
                std::thread::sleep(Duration::from_millis(100));
                continue;
            };
            let (turns, say) = (Arc::clone(self), say.clone());
            let hear = move || turns.hear(who, stream, &say);
            let _ = std::thread::Builder::new().name("guest".to_owned()).spawn(hear);
        }
    }

    /// Hears one client from its first word to its last.
    fn hear(&self, who: u64, mut stream: UnixStream, say: &mpsc::Sender<Event>) {
        let _ = stream.set_read_timeout(Some(OPENING));
        match wire::read_opening(&mut stream) {
            Ok(Opening::Cancel(key)) => {
                let keys = locked(&self.keys);
                let work = locked(&self.work);
                if let Some(work) = work.as_ref().filter(|work| keys.get(&work.who) == Some(&key)) {
                    interrupt(work, "canceling statement due to user request");
                }
            }
            Ok(Opening::Session(parameters)) => {
                let _ = stream.set_read_timeout(None);
                let Ok(answers) = stream.try_clone() else { return };
                let tell = |what| drop(say.send(Event { who, what }));
                tell(What::Came(answers, parameters));
                read(stream, |batch| tell(What::Asked(batch)));
                tell(What::Left);
            }
            Err(_) => {}
        }
    }

    /// Ends work that takes too long.
    fn keep_time(&self) {
        loop {
            std::thread::sleep(LOOK);
            if let Some(work) = locked(&self.work).as_ref().filter(|work| Instant::now() > work.until) {
                interrupt(work, "canceling statement due to statement timeout");
            }
        }
    }
}

/// Tells the client why and ends this process. The work is locked, so that no answer mixes with the error.
fn interrupt(work: &Work, why: &str) -> ! {
    if let Some(mut client) = work.client.as_ref() {
        let _ = client.set_write_timeout(Some(Duration::from_secs(1)));
        let _ = client.write_all(&wire::fatal("57014", why));
    }
    leave(|| 0);
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
