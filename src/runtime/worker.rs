//! The one task that owns the session and answers requests one after another.

mod build;

use std::{any::Any, sync::Arc, time::Duration};

use secrecy::SecretString;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};

use super::{Connect, Preparing};
use crate::{
    advise::{self, Candidate},
    app::{Confirmed, Effect, Message},
    catalog::Catalog,
    inspect::{self, InspectError},
    plan::Plan,
    server::{Canceller, ErrorKind, ExplainRequest, ServerError, Session, SessionOptions, Target},
    whatif::{self, Allow, Supposition},
};

/// How long a request may take to end by itself after the server was told to stop. It then has tidied up its session;
/// one that takes longer is dropped, and the session with it.
const GRACE: Duration = Duration::from_secs(2);

/// How long the end of the program waits for the session to close.
const FAREWELL: Duration = Duration::from_secs(3);

/// What the task is asked for.
enum Order {
    Do(Effect),
    /// Another server, from the next connection on.
    Server(Box<Target>),
    /// A password for the server.
    Password(SecretString),
    /// To read the names over the session itself: the server has no connection more to give.
    NamesHere,
}

/// The handle of the task.
pub(super) struct Worker {
    requests: mpsc::UnboundedSender<Order>,
    /// The newest generation that was cancelled: it and all before it are to end.
    cancelled: watch::Sender<u64>,
    task: JoinHandle<()>,
}

impl Worker {
    /// Starts the task.
    pub(super) fn spawn(connect: Connect, options: SessionOptions, messages: mpsc::UnboundedSender<Message>) -> Self {
        let (requests, inbox) = mpsc::unbounded_channel();
        let (cancelled, watching) = watch::channel(0);
        let mut state = State {
            connect,
            target: None,
            keep: None,
            typed: false,
            session: None,
            options,
            messages,
            cancelled: watching,
            reading: None,
            again: requests.downgrade(),
        };
        let task = tokio::spawn(async move { state.serve(inbox).await });
        Self { requests, cancelled, task }
    }

    /// Hands a request over.
    pub(super) fn send(&self, request: Effect) {
        if let Effect::Cancel { generation } = request {
            self.cancelled.send_if_modified(|newest| {
                let newer = generation > *newest;
                *newest = generation.max(*newest);
                newer
            });
        } else {
            // The task only ends when this handle is gone.
            drop(self.requests.send(Order::Do(request)));
        }
    }

    /// Takes another server, from the next connection on.
    pub(super) fn go_to(&self, target: Target) {
        drop(self.requests.send(Order::Server(Box::new(target))));
    }

    /// Takes a password for the server.
    pub(super) fn password(&self, password: SecretString) {
        drop(self.requests.send(Order::Password(password)));
    }

    /// Waits until the task is gone, which it only is by a panic as long as this handle is there.
    pub(super) async fn ended(&mut self) {
        // Whether it panicked or was lost in another way makes no difference here.
        drop((&mut self.task).await);
    }

    /// Stops what runs, on the server too, and closes the session.
    pub(super) async fn end(&mut self) {
        self.cancelled.send_replace(u64::MAX);
        let (closed, _) = mpsc::unbounded_channel();
        self.requests = closed;
        if !self.task.is_finished() && tokio::time::timeout(FAREWELL, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

struct State {
    connect: Connect,
    target: Option<Target>,
    keep: Option<Box<dyn Any + Send>>,
    /// The target's password was typed by the person.
    typed: bool,
    session: Option<Session>,
    options: SessionOptions,
    messages: mpsc::UnboundedSender<Message>,
    cancelled: watch::Receiver<u64>,
    /// Reads names meanwhile.
    reading: Option<JoinHandle<()>>,
    /// To come back to something. Weak: the task ends when nobody else can ask for anything.
    again: mpsc::WeakUnboundedSender<Order>,
}

/// What became of a request.
enum Ended<T> {
    /// It was answered.
    Answered(T),
    /// It was cancelled, and took its time to stop: the session cannot be trusted any more.
    Dropped,
}

impl State {
    async fn serve(&mut self, mut inbox: mpsc::UnboundedReceiver<Order>) {
        while let Some(order) = inbox.recv().await {
            let request = match order {
                Order::Do(request) => request,
                Order::NamesHere => {
                    self.names_here().await;
                    continue;
                }
                Order::Server(target) => {
                    self.stop_reading();
                    self.typed = false;
                    self.session = None;
                    self.keep = None;
                    self.connect = Connect::None;
                    self.target = Some(*target);
                    continue;
                }
                Order::Password(password) => {
                    self.typed = true;
                    if let Connect::Server(target) = &mut self.connect {
                        target.password = Some(password);
                    } else if let Some(target) = &mut self.target {
                        target.password = Some(password);
                    }
                    continue;
                }
            };
            match request {
                Effect::Connect => {
                    self.session = None;
                    if let Err(error) = self.open().await {
                        self.tell_why(error);
                    }
                }
                Effect::Explain { generation, sql, analyze, generic, confirmed } => {
                    let request = ExplainRequest { sql, analyze, generic, confirmed: confirmed == Confirmed::Yes };
                    self.explain(generation, &request).await;
                }
                Effect::Advise { generation, sql, plan, catalog, allow } => {
                    self.advise(generation, &sql, &plan, catalog, allow).await;
                }
                Effect::Names => self.names().await,
                Effect::TryIndex { generation, sql, candidate, catalog, allow } => {
                    self.try_index(generation, &sql, *candidate, &catalog, allow).await;
                }
                Effect::BuildIndex { generation, sql, candidate, name, keep, catalog } => {
                    self.build_index(generation, &sql, (*candidate, &name), keep, &catalog).await;
                }
                Effect::TryTogether { generation, sql, candidates, catalog, allow } => {
                    self.try_together(generation, &sql, &candidates, &catalog, allow).await;
                }
                Effect::Suppose { generation, sql, supposition, catalog, allow } => {
                    self.suppose(generation, &sql, &supposition, &catalog, allow).await;
                }
                // These never come here: the loop does them itself.
                Effect::Cancel { .. }
                | Effect::Copy { .. }
                | Effect::CopyPlan(_)
                | Effect::SaveDraft { .. }
                | Effect::SaveValues { .. }
                | Effect::OpenFile { .. }
                | Effect::SaveFile { .. }
                | Effect::SaveReport { .. }
                | Effect::TakeMouse(_)
                | Effect::EditOutside { .. }
                | Effect::LoadPlan { .. }
                | Effect::SaveNotes { .. }
                | Effect::ListServers
                | Effect::ListThemes
                | Effect::ShowTheme { .. }
                | Effect::GoTo { .. }
                | Effect::Password(_)
                | Effect::Record { .. }
                | Effect::Suspend
                | Effect::Quit => {}
            }
        }
        self.stop_reading();
        self.session = None;
        self.keep = None;
    }

    /// Reads the names of tables and columns over a connection of its own: of ten thousand tables they take half a second or more, and
    /// what the person asks for next is not to wait for that. A server of our own is asked at once: it has few.
    async fn names(&mut self) {
        self.stop_reading();
        let own = self.session.as_ref().is_none_or(|session| session.info().embedded);
        let Some(target) = self.target.clone().filter(|_| !own) else {
            return self.names_here().await;
        };
        let (options, messages, again) = (self.options.clone(), self.messages.clone(), self.again.clone());
        self.reading = Some(tokio::spawn(async move {
            match Session::connect(&target, &options).await {
                Ok(mut session) => {
                    // Without them nothing is suggested, which is no reason to say anything.
                    if let Ok(names) = session.names().await {
                        drop(messages.send(Message::Names(Arc::new(names))));
                    }
                }
                Err(_) => drop(again.upgrade().map(|requests| requests.send(Order::NamesHere))),
            }
        }));
    }

    async fn names_here(&mut self) {
        if let Some(session) = self.session.as_mut()
            && let Ok(names) = session.names().await
        {
            self.tell(Message::Names(Arc::new(names)));
        }
    }

    fn stop_reading(&mut self) {
        if let Some(reading) = self.reading.take() {
            reading.abort();
        }
    }

    fn tell(&self, message: Message) {
        // Nobody listens any more only when the program ends.
        drop(self.messages.send(message));
    }

    fn is_cancelled(&self, generation: u64) -> bool {
        *self.cancelled.borrow() >= generation
    }

    /// Opens the session if there is none.
    async fn open(&mut self) -> Result<(), ServerError> {
        if self.session.is_some() {
            return Ok(());
        }
        match std::mem::take(&mut self.connect) {
            Connect::None => {}
            Connect::Server(target) => self.target = Some(*target),
            Connect::Own(prepare) => {
                let prepared = prepare(Preparing(self.messages.clone())).await?;
                self.target = Some(prepared.target);
                self.keep = Some(prepared.keep);
            }
        }
        let Some(target) = &mut self.target else {
            return Err(ServerError::new(ErrorKind::Unreachable, "connecting", "there is no server to connect to")
                .next("start whyslow again with a target"));
        };
        // What was odd about finding the server is said once, also when it cannot be reached.
        for warning in std::mem::take(&mut target.warnings) {
            drop(self.messages.send(Message::Warn(warning)));
        }
        let mut ending = self.cancelled.clone();
        let session = tokio::select! {
            session = Session::connect(target, &self.options) => session?,
            // The program ends while the server does not answer.
            _ = ending.wait_for(|newest| *newest == u64::MAX) => {
                return Err(ServerError::new(ErrorKind::Cancelled, "connecting", "cancelled"));
            }
        };
        self.tell(Message::Connected(Box::new(session.info().clone())));
        self.session = Some(session);
        Ok(())
    }

    /// Does a request with the session, opened if there is none; when the request is cancelled the server is told to stop. `None` when
    /// nobody waits for an answer any more.
    async fn with_session<T, E: From<ServerError>>(
        &mut self,
        generation: u64,
        work: impl AsyncFnOnce(&mut Session) -> Result<T, E>,
    ) -> Option<Result<T, E>> {
        if self.is_cancelled(generation) {
            return None;
        }
        if let Err(error) = self.open().await {
            return Some(Err(error.into()));
        }
        let session = self.session.as_mut()?;
        let stop = session.canceller();
        match until_cancelled(work(session), generation, self.cancelled.clone(), stop).await {
            Ended::Answered(result) => Some(result),
            Ended::Dropped => {
                self.renew().await;
                None
            }
        }
    }

    async fn explain(&mut self, generation: u64, request: &ExplainRequest) {
        // A connection that was cut while nobody used it is opened again without a word; what may have run is not run again.
        let mut again = !request.analyze;
        let result = loop {
            let asked = self.with_session(generation, async |session| inspect::inspect(session, request, 1).await);
            let Some(result) = asked.await else { return };
            let Err(InspectError::Server(error)) = &result else { break result };
            self.forget_if_broken(error);
            if error.kind != ErrorKind::Disconnected || !std::mem::take(&mut again) {
                break result;
            }
        };
        self.tell(Message::Explained { generation, result: result.map(Box::new).map_err(Box::new) });
    }

    async fn advise(&mut self, generation: u64, sql: &str, plan: &Plan, catalog: Option<Arc<Catalog>>, allow: Allow) {
        let progress = self.progress(generation);
        let asked = self.with_session(generation, async |session| {
            let engine = session.info().engine;
            let catalog = match catalog {
                Some(known) => known,
                None => Arc::new(inspect::catalog_of(session, sql, engine).await?.unwrap_or_default()),
            };
            whatif::propose(session, sql, plan, &catalog, allow, progress).await
        });
        let Some(result) = asked.await else { return };
        self.tell_of(result, |result| Message::Advised { generation, result });
    }

    async fn try_index(&mut self, generation: u64, sql: &str, candidate: Candidate, catalog: &Catalog, allow: Allow) {
        let asked = self.with_session(generation, async |session| {
            let stop = session.canceller();
            let tried = whatif::try_one(session, sql, &candidate, allow).await;
            match stop.stopped() {
                Some(kind) if tried.is_err() => {
                    Err(ServerError::new(kind, "trying an index", "it was stopped before it had an answer"))
                }
                _ => {
                    let shape = crate::sql::shape::shape(sql, candidate.engine, catalog).ok();
                    Ok(Box::new(advise::judge(candidate, tried, catalog, shape.as_ref())))
                }
            }
        });
        let Some(result) = asked.await else { return };
        self.tell_of(result, |result| Message::Tried { generation, result });
    }

    async fn try_together(
        &mut self,
        generation: u64,
        sql: &str,
        candidates: &[Candidate],
        catalog: &Catalog,
        allow: Allow,
    ) {
        let progress = self.progress(generation);
        let asked = self.with_session(generation, async |session| {
            let stop = session.canceller();
            whatif::together(session, sql, candidates, catalog, allow, progress).await.map(Box::new).map_err(|error| {
                let kind = stop.stopped().unwrap_or(ErrorKind::Other);
                ServerError::new(kind, "trying indexes together", error.to_string())
            })
        });
        let Some(result) = asked.await else { return };
        self.tell_of(result, |result| Message::TriedTogether { generation, result });
    }

    /// Tells how far a search is.
    fn progress(&self, generation: u64) -> impl Fn(whatif::Progress) + use<> {
        let messages = self.messages.clone();
        move |progress| drop(messages.send(Message::Progress { generation, progress }))
    }

    fn tell_of<T>(
        &mut self,
        result: Result<T, ServerError>,
        message: impl FnOnce(Result<T, Box<ServerError>>) -> Message,
    ) {
        if let Err(error) = &result {
            self.forget_if_broken(error);
        }
        self.tell(message(result.map_err(Box::new)));
    }

    async fn suppose(
        &mut self,
        generation: u64,
        sql: &str,
        supposition: &Supposition,
        catalog: &Catalog,
        allow: Allow,
    ) {
        if self.is_cancelled(generation) {
            return;
        }
        let opened = self.open().await;
        let result = match (opened, self.session.as_mut()) {
            (Err(error), _) => Err(error),
            (Ok(()), None) => return,
            (Ok(()), Some(session)) => {
                let stop = session.canceller();
                let statements = [sql];
                let messages = self.messages.clone();
                let progress = |progress| drop(messages.send(Message::Progress { generation, progress }));
                let asked = Box::pin(whatif::suppose(session, &statements, supposition, catalog, allow, progress));
                match until_cancelled(asked, generation, self.cancelled.clone(), stop).await {
                    Ended::Answered(result) => result,
                    Ended::Dropped => return self.renew().await,
                }
            }
        };
        if let Err(error) = &result {
            self.forget_if_broken(error);
        }
        self.tell(Message::Supposed { generation, result: result.map(Box::new).map_err(Box::new) });
    }

    fn forget_if_broken(&mut self, error: &ServerError) {
        if error.kind == ErrorKind::Disconnected {
            self.session = None;
        }
    }

    /// A session whose request was dropped half-way is closed and opened anew.
    async fn renew(&mut self) {
        self.session = None;
        if *self.cancelled.borrow() == u64::MAX {
            return;
        }
        if let Err(error) = self.open().await {
            self.tell_why(error);
        }
    }

    /// Tells why there is no connection; where no password was found, or the one typed was refused, by asking for it.
    fn tell_why(&self, error: ServerError) {
        let found = self.target.as_ref().is_some_and(|target| target.password.is_some());
        let error = Box::new(error);
        if error.asks_for_password() && (self.typed || !found) {
            self.tell(Message::PasswordWanted(error));
        } else {
            self.tell(Message::ConnectFailed(error));
        }
    }
}

/// Waits for a request; when it is cancelled the server is told, and the request given a moment to end in good order.
async fn until_cancelled<T>(
    request: impl Future<Output = T>,
    generation: u64,
    mut cancelled: watch::Receiver<u64>,
    stop: Canceller,
) -> Ended<T> {
    let mut request = std::pin::pin!(request);
    tokio::select! {
        answer = &mut request => return Ended::Answered(answer),
        _ = cancelled.wait_for(|newest| *newest >= generation) => {}
    }
    let told = async {
        // Should it fail, dropping the session is what is left.
        drop(tokio::time::timeout(GRACE, stop.cancel()).await);
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        answer = &mut request => Ended::Answered(answer),
        () = told => Ended::Dropped,
    }
}
