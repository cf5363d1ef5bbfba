//! A MySQL or MariaDB installed on this machine, run as a private server: its own data directory in the cache, an unprivileged user,
//! no port, no log for replicas, and an end with this program.

mod find;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

pub(super) use find::{Installed, best, names, series};

use crate::{
    plan::Engine,
    server::{SessionOptions, Target, mysql::Connection, target::TlsMode},
    store::{Run, Store},
    whatif::private_server::{
        End, Failure, Keeper, Servant, as_servant, fingerprint, guarded, own, own_all, servant, store,
    },
};

/// Who the server runs as when we are root, which it should not: the first of these that there is.
const SERVANTS: [&str; 2] = ["mysql", "nobody"];
/// How long it may take until it answers.
const PATIENCE: Duration = Duration::from_mins(2);
/// What its socket is called: the name that [`Run`] makes room for and tidies away.
const SOCKET: &str = ".s.PGSQL.5432";

/// What the data directory must have in common with production's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Like {
    /// `innodb_page_size`, bytes.
    pub(super) page_size: u64,
    /// `lower_case_table_names`; 2 is known on file systems that ignore case only, and plans like 1.
    pub(super) lower_case: u8,
}

/// A running server. Dropped, it ends and its files go.
#[derive(Debug)]
pub(super) struct LocalServer {
    pub(super) installed: Installed,
    /// Where its files are kept, when not where they usually are.
    pub(super) note: Option<String>,
    keeper: Keeper,
    socket: PathBuf,
    // Removes a private store, so it goes after the run that lies in it.
    _store: Store,
}

impl LocalServer {
    /// Starts one off the way: it takes a moment until it answers.
    ///
    /// # Errors
    /// [`Failure`] when a directory or a program cannot be used.
    pub(super) async fn launch(installed: Installed, like: Like) -> Result<Self, Failure> {
        let started = tokio::task::spawn_blocking(move || Self::start(installed, &like)).await;
        started.map_err(|e| Failure(e.to_string()))?
    }

    /// Blocks while the prepared data are copied; the first time, for the seconds that preparing them takes.
    fn start(installed: Installed, like: &Like) -> Result<Self, Failure> {
        let servant = servant(&SERVANTS)?;
        let (name, shown) = (names(installed.engine).0, installed.shown_series());
        let store = store(servant.is_some(), &format!("twin-{name}-{shown}"))?;
        // Rows of production that a killed program left go now at the latest.
        store.tidy();
        let stamp =
            format!("{}-{:016x}", installed.version, fingerprint(&format!("{} {like:?}", installed.program.display())));
        let template = store.template(
            &stamp,
            || (),
            |run| {
                own(run.path(), servant)?;
                own(&run.temporary(), servant)?;
                initialise(&installed, run, like, servant)
            },
        )?;
        let run = store.run()?;
        template.copy(&run.database())?;
        let directory = run.socket_directory().map_err(|e| Failure::io("making a directory for its socket", &e))?;
        own_all(run.path(), servant)?;
        own(&directory, servant)?;
        let socket = directory.join(SOCKET);
        let mut command = guarded(&installed.program, "KILL");
        command.args(arguments(&installed, &run, like)).args(running(installed.engine));
        command.arg(option("socket", &socket)).arg(option("pid-file", &run.path().join("pid")));
        let log = File::create(run.log()).map_err(|e| Failure::io("making its log", &e))?;
        as_servant(&mut command, servant).stderr(log).current_dir(run.path());
        let keeper = Keeper::start(command, run, End::Killed)?;
        Ok(Self { installed, note: store.note.clone(), keeper, socket, _store: store })
    }

    /// A session on it, as soon as it answers.
    ///
    /// # Errors
    /// [`Failure`] with its last words when it ended, or when it takes too long.
    pub(super) async fn connect(&self, database: Option<&str>) -> Result<Connection, Failure> {
        let mut target = Target::new(self.installed.engine);
        target.socket = Some(self.socket.clone());
        "root".clone_into(&mut target.user);
        target.database = database.map(str::to_owned);
        target.tls = TlsMode::Disable;
        let start = Instant::now();
        loop {
            let error = match Connection::connect(&target, &SessionOptions::default()).await {
                Ok(connection) => return Ok(connection),
                Err(error) => error,
            };
            if let Some(words) = self.keeper.failure() {
                return Err(Failure(words));
            }
            if start.elapsed() > PATIENCE {
                return Err(Failure(error.to_string()));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn option(name: &str, value: &Path) -> String {
    format!("--{name}={}", value.display())
}

/// What is told in any case: where things are, and that nothing in it is worth keeping.
fn arguments(installed: &Installed, run: &Run, like: &Like) -> Vec<String> {
    let mut all = vec!["--no-defaults".to_owned(), option("basedir", &installed.base)];
    let share = installed.base.join("share");
    let first = |name: &str| {
        let places = [share.join("mariadb"), share.join("mysql"), share.clone()];
        places.into_iter().find(|place| place.join(name).exists())
    };
    if let Some(place) = first("english/errmsg.sys") {
        all.push(option("lc-messages-dir", &place));
    }
    if let Some(place) = first("charsets/Index.xml") {
        all.push(option("character-sets-dir", &place.join("charsets")));
    }
    all.extend([
        option("datadir", &run.database()),
        option("tmpdir", &run.temporary()),
        format!("--innodb-page-size={}", like.page_size),
        format!("--lower-case-table-names={}", like.lower_case.min(1)),
    ]);
    let fixed = [
        "--skip-log-bin",
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-doublewrite=OFF",
        "--loose-mysqlx=OFF",
        "--loose-innodb-redo-log-capacity=64M",
    ];
    all.extend(fixed.map(str::to_owned));
    if installed.engine == Engine::MariaDb {
        all.push("--innodb-log-file-size=64M".to_owned());
    }
    all
}

/// What the running server is told: nobody but us may connect, and nothing happens that we did not ask for.
fn running(engine: Engine) -> Vec<&'static str> {
    let mut all = vec![
        "--skip-networking",
        "--skip-name-resolve",
        "--performance-schema=OFF",
        "--max-connections=16",
        "--max-allowed-packet=1G",
        "--innodb-buffer-pool-size=256M",
        "--innodb-stats-persistent=ON",
        "--innodb-stats-auto-recalc=OFF",
        "--innodb-buffer-pool-load-at-startup=OFF",
        "--innodb-buffer-pool-dump-at-shutdown=OFF",
        "--event-scheduler=DISABLED",
        "--default-time-zone=+00:00",
        "--character-set-server=utf8mb4",
    ];
    if engine == Engine::MariaDb {
        // Its system tables are made without any account.
        all.push("--skip-grant-tables");
    } else {
        all.push("--secure-file-priv=NULL");
    }
    all
}

/// Makes the data directory of a run.
fn initialise(installed: &Installed, run: &Run, like: &Like, servant: Servant) -> Result<(), Failure> {
    let mut command = Command::new(&installed.program);
    command.args(arguments(installed, run, like)).env("LC_ALL", "C");
    if installed.engine == Engine::MariaDb {
        // What mariadb-install-db does, as far as it is about tables.
        let script = script(installed)?;
        let data = run.database();
        fs::create_dir_all(data.join("mysql")).map_err(|e| Failure::io("making its data directory", &e))?;
        own_all(&data, servant)?;
        let input = run.path().join("bootstrap.sql");
        fs::write(&input, script).map_err(|e| Failure::io("writing its system tables' definition", &e))?;
        let input = File::open(&input).map_err(|e| Failure::io("reading its system tables' definition", &e))?;
        command.args(["--bootstrap", "--skip-grant-tables", "--enforce-storage-engine=", "--max-allowed-packet=16M"]);
        command.stdin(input);
    } else {
        command.args(["--initialize-insecure", "--secure-file-priv=NULL"]).stdin(Stdio::null());
    }
    let done = as_servant(&mut command, servant).current_dir(run.path()).output();
    let done = done.map_err(|e| Failure::io(&format!("starting {}", installed.program.display()), &e))?;
    let _ = fs::remove_file(run.path().join("bootstrap.sql"));
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    let problem = said.lines().find(|line| line.to_ascii_uppercase().contains("ERROR")).or_else(|| said.lines().last());
    let problem = crate::text::one_line(problem.unwrap_or("it failed without a word"));
    Err(Failure(format!("making its data directory: {problem}")))
}

/// The statements that make MariaDB's system tables: a file of its package.
fn script(installed: &Installed) -> Result<Vec<u8>, Failure> {
    let share = installed.base.join("share");
    let places = [share.join("mariadb"), share.join("mysql"), share];
    let names = ["mariadb_system_tables.sql", "mysql_system_tables.sql"];
    let file = places.iter().flat_map(|place| names.map(|name| place.join(name))).find(|file| file.exists());
    let file = file.ok_or_else(|| {
        Failure(format!(
            "mariadb_system_tables.sql, of which its system tables are made, is not below {}",
            installed.base.join("share").display()
        ))
    })?;
    let mut script = b"create database if not exists mysql;\nuse mysql;\nset @auth_root_socket=NULL;\n".to_vec();
    script.extend(fs::read(&file).map_err(|e| Failure::io(&format!("reading {}", file.display()), &e))?);
    Ok(script)
}
