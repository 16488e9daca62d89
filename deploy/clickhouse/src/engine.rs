//! The running engine: one anchor connection keeps it up, every request gets a fresh connection of its own.
//!
//! Connections are never reused: after a query failed half-way, its rows come back in the next answer of the same
//! connection, which would show one customer's data to another. A fresh one costs less than a millisecond.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config;
use crate::exception::Exception;
use crate::ffi::{Connection, Library};

/// Statements that run at once; each takes a thread, because the C interface blocks.
const RUNNING_MAX: usize = 64;
/// How long a request waits for its turn.
const TURN_WAIT: Duration = Duration::from_secs(60);
/// A killed predecessor may still hold the data folder while the system takes it down.
const CONNECT_TRIES: u32 = 50;
const CONNECT_PAUSE: Duration = Duration::from_millis(100);

/// The engine of this process. There is one: the library allows one data folder per process.
pub(crate) struct Engine {
    library: &'static Library,
    data: String,
    anchor: Mutex<Option<Connection>>,
    settings: HashSet<String>,
    running: Mutex<HashSet<String>>,
    turns: Arc<Semaphore>,
    timezone: String,
}

impl Engine {
    /// Loads the library and opens `home`.
    ///
    /// # Errors
    /// One sentence saying what failed; the library itself gives no reasons.
    pub(crate) fn start(library: &Path, home: &Path) -> Result<Arc<Self>, String> {
        let library = Library::open(library)
            .map_err(|error| format!("the engine library {} cannot be loaded: {error}", library.display()))?;
        let main = config::write(home)
            .map_err(|error| format!("the engine's folder {} cannot be written: {error}", home.display()))?;
        let data = format!("--path={}", home.join("data").display());
        let arguments =
            [data.clone(), format!("--config-file={}", main.display()), "--log-level=warning".to_owned()];
        let mut anchor = connect_patiently(library, &arguments).ok_or_else(|| {
            format!("the engine could not open {}; see {}/engine.err.log", home.display(), home.display())
        })?;
        let settings = column(&mut anchor, "SELECT name FROM system.settings")?;
        let timezone = column(&mut anchor, "SELECT timezone()")?.into_iter().next().unwrap_or_default();
        Ok(Arc::new(Self {
            library,
            data,
            anchor: Mutex::new(Some(anchor)),
            settings: settings.into_iter().collect(),
            running: Mutex::default(),
            turns: Arc::new(Semaphore::new(RUNNING_MAX)),
            timezone,
        }))
    }

    /// The library's version.
    pub(crate) fn version(&self) -> String {
        self.library.version()
    }

    /// The names of all settings the engine knows.
    pub(crate) fn settings(&self) -> &HashSet<String> {
        &self.settings
    }

    /// The engine's time zone.
    pub(crate) fn timezone(&self) -> &str {
        &self.timezone
    }

    /// Waits for a turn and enters the query under its id, or under one made here.
    ///
    /// # Errors
    /// 36 for an id that could not be found again, 216 for one in use, 202 when no turn came in time.
    pub(crate) async fn admit(self: &Arc<Self>, id: Option<&str>) -> Result<Ticket, Exception> {
        let id = match id {
            Some(id) if !id.is_empty() => checked_id(id)?,
            _ => format!("{:016x}{:016x}", random(), random()),
        };
        let turn = tokio::time::timeout(TURN_WAIT, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            let text = format!("{RUNNING_MAX} statements are running and none ended in time");
            return Err(Exception::new(202, "TOO_MANY_SIMULTANEOUS_QUERIES", text));
        };
        if !self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone()) {
            let text = format!("Query with id = {id} is already running");
            return Err(Exception::new(216, "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING", text));
        }
        Ok(Ticket { engine: Arc::clone(self), id, finished: Arc::default(), _turn: turn })
    }

    /// Opens a fresh connection with these settings.
    ///
    /// # Errors
    /// 36 when the engine refuses to connect, which it does for a value of a wrong kind.
    pub(crate) fn connect(&self, settings: &[(String, String)], id: &str) -> Result<Connection, Exception> {
        let mut arguments = vec![self.data.clone()];
        arguments.extend(settings.iter().map(|(name, value)| format!("--{name}={value}")));
        arguments.push(format!("--log_comment={id}"));
        self.library.connect(&arguments).ok_or_else(|| {
            let given: Vec<_> = settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let given = if given.is_empty() { "none".to_owned() } else { given.join(", ") };
            Exception::bad_argument(format!("The engine refused a setting's value; given: {given}"))
        })
    }

    /// Stops the query that runs under `id`. The id stands in its comment: the C interface cannot set a query id.
    fn kill(&self, id: &str) {
        if let Ok(mut connection) = self.connect(&[], "kill") {
            let sql = format!("KILL QUERY WHERE Settings['log_comment'] = '{id}' ASYNC");
            drop(connection.query(sql.as_bytes(), "Null", &[]));
        }
    }

    /// Stops what still runs and takes the engine down. `false` when a connection would not end.
    pub(crate) fn stop(&self) -> bool {
        let ids: Vec<String> =
            self.running.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect();
        for id in ids {
            self.kill(&id);
        }
        drop(self.anchor.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.library.shutdown()
    }
}

fn connect_patiently(library: &'static Library, arguments: &[String]) -> Option<Connection> {
    for _ in 1..CONNECT_TRIES {
        if let Some(connection) = library.connect(arguments) {
            return Some(connection);
        }
        thread::sleep(CONNECT_PAUSE);
    }
    library.connect(arguments)
}

fn column(connection: &mut Connection, sql: &str) -> Result<Vec<String>, String> {
    let answer = connection.query(sql.as_bytes(), "TSV", &[]);
    match answer.error() {
        Some(error) => Err(format!("the engine does not answer: {error}")),
        None => Ok(String::from_utf8_lossy(answer.bytes()).lines().map(str::to_owned).collect()),
    }
}

/// The id is put into a KILL statement, hence the narrow alphabet.
fn checked_id(id: &str) -> Result<String, Exception> {
    let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/".contains(&byte));
    if plain && id.len() <= 128 {
        return Ok(id.to_owned());
    }
    Err(Exception::bad_argument("A query_id has at most 128 letters, digits and -_.:/"))
}

/// A number nobody can guess, from the keys the standard library draws for its hash maps.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// The right to run one query; its id is free again when this is dropped.
pub(crate) struct Ticket {
    engine: Arc<Engine>,
    id: String,
    finished: Arc<AtomicBool>,
    _turn: OwnedSemaphorePermit,
}

impl Ticket {
    /// The engine the query runs on.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The query's id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// A guard for the side that waits for the answer.
    pub(crate) fn watch(&self) -> Watch {
        let finished = Arc::clone(&self.finished);
        Watch { engine: Arc::clone(&self.engine), id: self.id.clone(), finished }
    }

    /// Whether the waiting side has gone before the query began.
    pub(crate) fn abandoned(&self) -> bool {
        self.finished.load(Ordering::Acquire)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.finished.store(true, Ordering::Release);
        self.engine.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

/// Stops its query when dropped before the query ended: the client has gone.
pub(crate) struct Watch {
    engine: Arc<Engine>,
    id: String,
    finished: Arc<AtomicBool>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.finished.load(Ordering::Acquire) {
            return;
        }
        let (engine, id, finished) = (Arc::clone(&self.engine), self.id.clone(), Arc::clone(&self.finished));
        // The query may not have entered the engine's list yet, so the kill is repeated until it has ended.
        let task = move || {
            for _ in 0..100 {
                if finished.load(Ordering::Acquire) {
                    return;
                }
                engine.kill(&id);
                thread::sleep(Duration::from_millis(100));
            }
        };
        // Without a thread the query ends at its own time limit.
        drop(thread::Builder::new().name("kill".to_owned()).spawn(task));
    }
}

/// Where the library is looked for, in this order.
pub(crate) fn library_places(data: &Path) -> Vec<PathBuf> {
    let mut places = Vec::new();
    if let Some(named) = std::env::var_os("WEIR_CHDB_LIB").filter(|value| !value.is_empty()) {
        return vec![PathBuf::from(named)];
    }
    if let Ok(binary) = std::env::current_exe()
        && let Some(folder) = binary.parent()
    {
        places.push(folder.join("lib/libchdb.so"));
    }
    places.push(data.join("engine/libchdb.so"));
    places.push(PathBuf::from("/usr/local/lib/libchdb.so"));
    places.push(PathBuf::from("/usr/lib/libchdb.so"));
    places
}
