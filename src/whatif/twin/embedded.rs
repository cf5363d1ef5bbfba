//! The PostgreSQL that this program carries, for machines on which none is installed: always the same version, so that only a twin of
//! that major plans like its production; one twin an engine.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use super::{engine::TwinEngine, error::TwinError};
use crate::{
    demo::{Lent, Options, Provider},
    whatif::snapshot::Server,
};

/// What this program carries.
static CARRIED: OnceLock<(&'static Provider, Options)> = OnceLock::new();

/// Says that this program carries a PostgreSQL, and how it is started where that differs from the usual. Once; later words count nothing.
pub fn carry(provider: &'static Provider, options: Options) {
    let _ = CARRIED.set((provider, options));
}

/// `server_version_num` of the PostgreSQL that this program carries, if it does.
pub(super) fn version_number() -> Option<u32> {
    CARRIED.get().map(|(provider, _)| provider.version_number)
}

/// Starts it for a twin of a production server; none when this program carries none. Blocks.
pub(super) fn start(like: &Server) -> Option<Result<Arc<dyn TwinEngine>, TwinError>> {
    let (provider, options) = CARRIED.get()?;
    let lent = Lent::start(provider, options, sorts_by_bytes(like));
    let failed = |error: crate::demo::DemoError| TwinError::Engine(error.to_string());
    Some(
        lent.map_err(failed)
            .map(|lent| Arc::new(Embedded { data: lent.data(), provider, lent }) as Arc<dyn TwinEngine>),
    )
}

/// Whether the planner takes production's order of texts for that of their bytes.
fn sorts_by_bytes(like: &Server) -> bool {
    match like.provider.as_str() {
        "b" => true,
        "c" => matches!(like.collate.as_str(), "C" | "POSIX"),
        _ => false,
    }
}

#[derive(Debug)]
struct Embedded {
    lent: Lent,
    data: PathBuf,
    provider: &'static Provider,
}

impl TwinEngine for Embedded {
    fn version_number(&self) -> u32 {
        self.provider.version_number
    }

    fn version(&self) -> &str {
        self.provider.version
    }

    fn socket(&self) -> &Path {
        self.lent.socket()
    }

    fn data(&self) -> &Path {
        &self.data
    }

    fn checksums(&self) -> bool {
        // Its databases come so.
        true
    }

    fn give(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn failure(&self) -> Option<String> {
        self.lent.failure()
    }

    fn note(&self) -> Option<&str> {
        self.lent.note()
    }

    fn only(&self) -> Option<&'static str> {
        Some("postgres")
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Read, Write},
        os::unix::net::{UnixListener, UnixStream},
        path::{Path, PathBuf},
        sync::Arc,
    };

    use super::{Server, TwinEngine, sorts_by_bytes};
    use crate::{
        demo,
        plan::NodeId,
        read,
        server::{
            SessionOptions,
            postgres::{Access, Connection, Statement},
        },
        whatif::{
            snapshot::{Column, Index, Relation, Setting, Snapshot},
            twin::{
                Twin,
                local::{self, LocalPostgres},
                schema::Likeness,
            },
        },
    };

    #[test]
    fn only_an_order_of_bytes_is_taken_for_one() {
        for (provider, collate, expected) in
            [("c", "C", true), ("c", "POSIX", true), ("c", "C.UTF-8", false), ("i", "C", false), ("b", "C", true)]
        {
            let like = Server { provider: provider.to_owned(), collate: collate.to_owned(), ..Server::default() };
            assert_eq!(sorts_by_bytes(&like), expected, "{provider} {collate}");
        }
    }

    /// One session of a real server: all that the embedded engine has.
    struct OneSession(UnixStream);

    impl OneSession {
        fn open(socket: &Path) -> Self {
            let words = b"\0\x03\0\0user\0postgres\0database\0postgres\0\0";
            let length = u32::try_from(words.len() + 4).unwrap();
            // The server may not be there yet, or may still say that it is starting.
            for _ in 0..500 {
                if let Ok(stream) = UnixStream::connect(socket.join(".s.PGSQL.5432")) {
                    let mut session = Self(stream);
                    let greeted = session.0.write_all(&[&length.to_be_bytes()[..], words].concat());
                    if greeted.and_then(|()| session.answer()).is_ok() {
                        return session;
                    }
                }
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            panic!("the server does not start");
        }

        /// All up to the server's being ready for more.
        fn answer(&mut self) -> io::Result<Vec<u8>> {
            let mut all = Vec::new();
            loop {
                let mut head = [0; 5];
                self.0.read_exact(&mut head)?;
                let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
                let mut body = vec![0; length - 4];
                self.0.read_exact(&mut body)?;
                all.extend(head);
                all.extend(body);
                if head[0] == b'Z' {
                    return Ok(all);
                }
            }
        }
    }

    impl demo::Engine for OneSession {
        fn exchange(&mut self, request: &[u8]) -> Result<Vec<u8>, String> {
            self.0.write_all(request).and_then(|()| self.answer()).map_err(|e| e.to_string())
        }

        fn close(self: Box<Self>) -> Result<(), String> {
            Ok(())
        }
    }

    /// A local server that is reached by its one session alone.
    #[derive(Debug)]
    struct One {
        local: LocalPostgres,
        socket: PathBuf,
    }

    impl TwinEngine for One {
        fn version_number(&self) -> u32 {
            self.local.version_number()
        }
        fn version(&self) -> &str {
            self.local.version()
        }
        fn socket(&self) -> &Path {
            &self.socket
        }
        fn data(&self) -> &Path {
            self.local.data()
        }
        fn checksums(&self) -> bool {
            self.local.checksums()
        }
        fn give(&self, file: &Path) -> io::Result<()> {
            self.local.give(file)
        }
        fn failure(&self) -> Option<String> {
            self.local.failure()
        }
        fn note(&self) -> Option<&str> {
            None
        }
        fn only(&self) -> Option<&'static str> {
            Some("postgres")
        }
    }

    fn production() -> Snapshot {
        let relation = |oid, name: &str, kind: &str, bytes| Relation {
            oid,
            schema: "public".to_owned(),
            name: name.to_owned(),
            kind: kind.to_owned(),
            tuples: 1e6,
            pages: i64::try_from(bytes / 8192).unwrap(),
            all_visible: 0,
            partition: false,
            options: None,
            method: (kind == "i").then(|| "btree".to_owned()),
            bound: None,
            key: None,
            parents: None,
            bytes: Some(bytes),
            view: None,
            modified: None,
            row_security: false,
            head: None,
        };
        let column = |number, name: &str, kind: &str| Column {
            relation: 1,
            number,
            name: name.to_owned(),
            kind: kind.to_owned(),
            not_null: true,
            collation: None,
        };
        Snapshot {
            server: Server {
                block_size: 8192,
                encoding: "UTF8".to_owned(),
                collate: "C".to_owned(),
                ctype: "C".to_owned(),
                provider: "c".to_owned(),
                ..Server::default()
            },
            search_path: vec!["public".to_owned()],
            settings: vec![Setting {
                name: "work_mem".to_owned(),
                value: "7777".to_owned(),
                unit: Some("kB".to_owned()),
                usual: false,
            }],
            relations: vec![relation(1, "t", "r", 80 << 20), relation(2, "t_a", "i", 22 << 20)],
            columns: vec![column(1, "a", "integer"), column(2, "b", "integer")],
            indexes: vec![Index {
                oid: 2,
                relation: 1,
                definition: "CREATE INDEX t_a ON public.t USING btree (a)".to_owned(),
                valid: true,
                expressions: false,
                constraint: None,
            }],
            ..Snapshot::default()
        }
    }

    /// What the embedded engine is asked for, asked of a real server through one session of it: the turns that clients take there, and a
    /// twin in the only database.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_twin_lives_in_a_server_that_has_one_session_and_one_database() {
        let installed = local::best(150_000).expect("a PostgreSQL to make a twin in: run this by tests/run");
        let snapshot = production();
        let like = snapshot.server.clone();
        let local = tokio::task::spawn_blocking(move || LocalPostgres::start(installed, &like)).await.unwrap().unwrap();
        let directory = crate::store::unique(&std::env::temp_dir(), "whyslow-one").unwrap();
        let listener = UnixListener::bind(directory.join(".s.PGSQL.5432")).unwrap();
        let session = OneSession::open(local.socket());
        std::thread::spawn(move || demo::host(Box::new(session), listener.into(), || ()));
        let engine = Arc::new(One { local, socket: directory.clone() });
        let mut twin = Twin::build(engine, snapshot, 1, Likeness::Production).await.unwrap();
        let mut plans = Connection::connect(&twin.target(), &SessionOptions::default()).await.unwrap();
        let statement = Statement::new("select * from t where a = 5 order by b").unwrap();
        let mut seen = Vec::new();
        for round in 0..3 {
            if round == 1 {
                let made = twin.make("CREATE INDEX x ON public.t (b) INCLUDE (a)", ("public", "t"), "x", &[]).await;
                assert!(made.unwrap().bytes > 20 << 20);
            }
            let transaction = plans.begin(Access::ReadOnly, None).await.unwrap();
            let plan = read::read(&transaction.plan(&statement, false).await.unwrap()).unwrap().remove(0);
            // Both sessions are held apart: this one keeps its settings while the other works between its requests.
            let memory =
                transaction.rows("", "SELECT current_setting('work_mem') || current_setting('search_path')", &[]);
            let memory: String = memory.await.unwrap()[0].get(0);
            assert_eq!(memory, "7777kBpublic", "{round}");
            transaction.rollback().await.unwrap();
            seen.push(plan.node(NodeId::ROOT).cost.total.unwrap());
        }
        assert!(seen[0] > 10.0 && (seen[1] - seen[2]).abs() < 0.01, "{seen:?}");
        // One in a transaction holds the engine, and the next waits for its end and gets its answer.
        twin.root.ours("", "BEGIN").await.unwrap();
        let waiting = tokio::spawn(async move {
            let transaction = plans.begin(Access::ReadOnly, None).await.unwrap();
            transaction.rollback().await.unwrap();
        });
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        assert!(!waiting.is_finished());
        twin.root.ours("", "ROLLBACK").await.unwrap();
        waiting.await.unwrap();
        std::fs::remove_dir_all(directory).unwrap();
    }
}
