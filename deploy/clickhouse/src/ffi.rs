//! The one place that speaks C: libchdb's functions, each behind a type that frees what it holds.
//!
//! The library is opened at run time, so building Weir needs neither it nor its header.
#![expect(
    unsafe_code,
    reason = "libchdb has a C interface; every pointer it hands out is owned by a type here"
)]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::Path;
use std::ptr;
use std::slice;

type RawConnection = *mut c_void;
type RawResult = *mut c_void;
type RawInsert = *mut c_void;

macro_rules! functions {
    ($($field:ident = $symbol:literal, fn($($argument:ty),*) $(-> $answer:ty)?;)*) => {
        struct Functions { $($field: unsafe extern "C" fn($($argument),*) $(-> $answer)?,)* }

        impl Functions {
            fn load(library: &libloading::Library) -> Result<Self, libloading::Error> {
                // SAFETY: the signatures are those of libchdb 26.7.3, the version the build pins.
                Ok(Self { $($field: unsafe { *library.get($symbol)? },)* })
            }
        }
    };
}

functions! {
    version = "chdb_version", fn() -> *const c_char;
    signals = "chdb_set_signal_handlers_enabled", fn(c_int);
    connect = "chdb_connect", fn(c_int, *mut *mut c_char) -> *mut RawConnection;
    close = "chdb_close_conn", fn(*mut RawConnection);
    shutdown = "chdb_shutdown", fn() -> c_int;
    query = "chdb_query_with_params_n", fn(
        RawConnection, *const u8, usize, *const u8, usize,
        *const *const u8, *const usize, *const *const u8, *const usize, usize) -> RawResult;
    stream = "chdb_stream_query_with_params_n", fn(
        RawConnection, *const u8, usize, *const u8, usize,
        *const *const u8, *const usize, *const *const u8, *const usize, usize) -> RawResult;
    fetch = "chdb_stream_fetch_result", fn(RawConnection, RawResult) -> RawResult;
    cancel = "chdb_stream_cancel_query", fn(RawConnection, RawResult);
    insert = "chdb_stream_insert_n", fn(RawConnection, *const u8, usize, *const u8, usize) -> RawInsert;
    insert_append = "chdb_stream_append", fn(RawInsert, *const u8, usize) -> c_int;
    insert_done = "chdb_stream_done", fn(RawInsert) -> RawResult;
    insert_cancel = "chdb_stream_cancel_insert", fn(RawInsert);
    insert_free = "chdb_destroy_insert_stream", fn(RawInsert);
    insert_error = "chdb_stream_insert_error", fn(RawInsert) -> *const c_char;
    result_buffer = "chdb_result_buffer", fn(RawResult) -> *const u8;
    result_length = "chdb_result_length", fn(RawResult) -> usize;
    result_error = "chdb_result_error", fn(RawResult) -> *const c_char;
    result_read_rows = "chdb_result_storage_rows_read", fn(RawResult) -> u64;
    result_read_bytes = "chdb_result_storage_bytes_read", fn(RawResult) -> u64;
    result_written_rows = "chdb_result_rows_written", fn(RawResult) -> u64;
    result_written_bytes = "chdb_result_bytes_written", fn(RawResult) -> u64;
    result_free = "chdb_destroy_query_result", fn(RawResult);
    classify = "chdb_classify_query_n", fn(
        RawConnection, *const u8, usize, *const u8, usize, *mut Classification) -> c_int;
}

/// The loaded engine. It lives as long as the process: unloading a running engine is not possible.
pub(crate) struct Library {
    functions: Functions,
    _handle: libloading::Library,
}

impl Library {
    /// Opens `libchdb.so`. The error says why it could not be loaded.
    pub(crate) fn open(path: &Path) -> Result<&'static Self, String> {
        // SAFETY: loading runs the library's initialisers; it is the file the operator named or installed.
        let handle = unsafe { libloading::Library::new(path) }.map_err(|error| error.to_string())?;
        let functions = Functions::load(&handle).map_err(|error| error.to_string())?;
        // SAFETY: called before the first connection, as the library asks; signals stay ours.
        unsafe { (functions.signals)(0) };
        Ok(Box::leak(Box::new(Self { functions, _handle: handle })))
    }

    /// The library's own version, such as `26.7.3`.
    pub(crate) fn version(&self) -> String {
        // SAFETY: the function answers a static string or null.
        unsafe { text((self.functions.version)()) }.unwrap_or_default()
    }

    /// Opens a connection with `--name=value` arguments. `None` on any failure: the library gives no reason.
    pub(crate) fn connect(&'static self, arguments: &[String]) -> Option<Connection> {
        let owned: Vec<CString> = std::iter::once("clickhouse")
            .chain(arguments.iter().map(String::as_str))
            .map(CString::new)
            .collect::<Result<_, _>>()
            .ok()?;
        let mut pointers: Vec<*mut c_char> = owned.iter().map(|text| text.as_ptr().cast_mut()).collect();
        let count = c_int::try_from(pointers.len()).ok()?;
        // SAFETY: `pointers` and the strings outlive the call; the library copies what it keeps.
        let owner = unsafe { (self.functions.connect)(count, pointers.as_mut_ptr()) };
        (!owner.is_null()).then_some(Connection { library: self, owner })
    }

    /// Tears the engine down. `false` when a connection was still open.
    pub(crate) fn shutdown(&self) -> bool {
        // SAFETY: no argument; the library counts its connections itself.
        unsafe { (self.functions.shutdown)() == 0 }
    }
}

/// What the engine's own parser says about a text.
#[repr(C)]
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Classification {
    size: u32,
    /// How many statements the text holds.
    pub(crate) statements: u32,
    flags: u32,
    /// 0 read, 1 change, 2 users and functions, 3 control, 4 not understood.
    pub(crate) class: u32,
}

/// A named value for a `{name:Type}` place in a statement.
pub(crate) type Parameter = (String, String);

/// One conversation with the engine. Used for one request and then dropped (see the module `engine`).
pub(crate) struct Connection {
    library: &'static Library,
    owner: *mut RawConnection,
}

// SAFETY: the library lets a connection move between threads as long as one thread at a time uses it,
// which `&mut self` and ownership guarantee (the type is not `Sync`).
unsafe impl Send for Connection {}

impl Connection {
    fn functions(&self) -> &'static Functions {
        &self.library.functions
    }

    fn raw(&self) -> RawConnection {
        // SAFETY: `owner` came from `connect`, is not null and is freed only in `drop`.
        unsafe { *self.owner }
    }

    /// Asks the engine's parser how many statements `sql` holds and of which class.
    pub(crate) fn classify(&mut self, sql: &[u8]) -> Classification {
        let size = u32::try_from(size_of::<Classification>()).unwrap_or(0);
        let mut found = Classification { size, class: 4, ..Classification::default() };
        // SAFETY: pointer and length describe `sql`; `found` has the size it names.
        unsafe {
            (self.functions().classify)(self.raw(), sql.as_ptr(), sql.len(), ptr::null(), 0, &raw mut found)
        };
        found
    }

    /// Runs a statement and waits for its whole answer.
    pub(crate) fn query(&mut self, sql: &[u8], format: &str, parameters: &[Parameter]) -> Answer {
        self.call(self.functions().query, sql, format, parameters)
    }

    /// Starts a SELECT whose answer is fetched piece by piece.
    pub(crate) fn stream(
        &mut self,
        sql: &[u8],
        format: &str,
        parameters: &[Parameter],
    ) -> Result<AnswerStream<'_>, String> {
        let handle = self.call(self.functions().stream, sql, format, parameters);
        match handle.error() {
            Some(error) => Err(error),
            None => Ok(AnswerStream { connection: self, handle, ended: false }),
        }
    }

    /// Starts an INSERT without its FORMAT clause; the data follows by `append`.
    pub(crate) fn insert(&mut self, sql: &[u8], format: &str) -> Result<InsertStream<'_>, String> {
        let functions = self.functions();
        // SAFETY: pointers and lengths describe live slices; the handle is never null.
        let handle =
            unsafe { (functions.insert)(self.raw(), sql.as_ptr(), sql.len(), format.as_ptr(), format.len()) };
        let stream = InsertStream { handle, connection: self };
        // SAFETY: the handle is live; the text belongs to it and is copied at once.
        match unsafe { text((functions.insert_error)(handle)) } {
            Some(error) => Err(error),
            None => Ok(stream),
        }
    }

    fn call(&self, run: QueryFunction, sql: &[u8], format: &str, parameters: &[Parameter]) -> Answer {
        let names: Vec<*const u8> = parameters.iter().map(|(name, _)| name.as_ptr()).collect();
        let name_lengths: Vec<usize> = parameters.iter().map(|(name, _)| name.len()).collect();
        let values: Vec<*const u8> = parameters.iter().map(|(_, value)| value.as_ptr()).collect();
        let value_lengths: Vec<usize> = parameters.iter().map(|(_, value)| value.len()).collect();
        // SAFETY: every pointer stands beside the length of the live slice it came from.
        let raw = unsafe {
            run(
                self.raw(),
                sql.as_ptr(),
                sql.len(),
                format.as_ptr(),
                format.len(),
                names.as_ptr(),
                name_lengths.as_ptr(),
                values.as_ptr(),
                value_lengths.as_ptr(),
                parameters.len(),
            )
        };
        Answer { functions: self.functions(), raw }
    }
}

type QueryFunction = unsafe extern "C" fn(
    RawConnection,
    *const u8,
    usize,
    *const u8,
    usize,
    *const *const u8,
    *const usize,
    *const *const u8,
    *const usize,
    usize,
) -> RawResult;

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: `owner` is live and nothing borrows from it any more.
        unsafe { (self.functions().close)(self.owner) };
    }
}

/// Bytes, counts and error of one answer or piece of an answer.
pub(crate) struct Answer {
    functions: &'static Functions,
    raw: RawResult,
}

impl Answer {
    /// The formatted rows.
    pub(crate) fn bytes(&self) -> &[u8] {
        if self.raw.is_null() {
            return &[];
        }
        // SAFETY: buffer and length belong to the live result, which `self` borrows.
        unsafe {
            let buffer = (self.functions.result_buffer)(self.raw);
            let length = (self.functions.result_length)(self.raw);
            if buffer.is_null() || length == 0 { &[] } else { slice::from_raw_parts(buffer, length) }
        }
    }

    /// The engine's message when the statement failed.
    pub(crate) fn error(&self) -> Option<String> {
        if self.raw.is_null() {
            return Some("the engine gave no answer".to_owned());
        }
        // SAFETY: the text belongs to the live result and is copied at once.
        unsafe { text((self.functions.result_error)(self.raw)) }
    }

    /// Rows and bytes read, rows and bytes written.
    pub(crate) fn counts(&self) -> [u64; 4] {
        if self.raw.is_null() {
            return [0; 4];
        }
        // SAFETY: plain getters over the live result.
        unsafe {
            [
                (self.functions.result_read_rows)(self.raw),
                (self.functions.result_read_bytes)(self.raw),
                (self.functions.result_written_rows)(self.raw),
                (self.functions.result_written_bytes)(self.raw),
            ]
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if !self.raw.is_null() {
            // SAFETY: the result is live and owned by `self` alone.
            unsafe { (self.functions.result_free)(self.raw) };
        }
    }
}

/// A SELECT in progress.
pub(crate) struct AnswerStream<'a> {
    connection: &'a mut Connection,
    handle: Answer,
    ended: bool,
}

impl AnswerStream<'_> {
    /// The next piece: `None` at the end. Every piece is a complete document of its format.
    pub(crate) fn next(&mut self) -> Result<Option<Answer>, String> {
        let functions = self.connection.functions();
        // SAFETY: connection and stream are live, and this is the only user of both.
        let raw = unsafe { (functions.fetch)(self.connection.raw(), self.handle.raw) };
        let piece = Answer { functions, raw };
        if let Some(error) = piece.error() {
            self.ended = true;
            return Err(error);
        }
        self.ended = piece.bytes().is_empty();
        Ok((!self.ended).then_some(piece))
    }
}

impl Drop for AnswerStream<'_> {
    fn drop(&mut self) {
        if !self.ended {
            // SAFETY: both are live; cancelling an unfinished stream is what the library asks for.
            unsafe { (self.connection.functions().cancel)(self.connection.raw(), self.handle.raw) };
        }
    }
}

/// An INSERT in progress; dropped without `commit`, it leaves nothing behind.
pub(crate) struct InsertStream<'a> {
    handle: RawInsert,
    connection: &'a mut Connection,
}

impl InsertStream<'_> {
    /// Hands over data and waits while the engine is behind. `false` when it refused: `commit` tells why.
    pub(crate) fn append(&mut self, data: &[u8]) -> bool {
        // SAFETY: the handle is live; the slice outlives the call.
        unsafe { (self.connection.functions().insert_append)(self.handle, data.as_ptr(), data.len()) == 0 }
    }

    /// Ends the data and waits until the rows are in the table. The error is inside the answer.
    pub(crate) fn commit(self) -> Answer {
        let functions = self.connection.functions();
        // SAFETY: the handle is live; freeing it follows in `drop`.
        Answer { functions, raw: unsafe { (functions.insert_done)(self.handle) } }
    }
}

impl Drop for InsertStream<'_> {
    fn drop(&mut self) {
        let functions = self.connection.functions();
        // SAFETY: cancelling after the end is a no-op of the library; the handle is freed once, here.
        unsafe {
            (functions.insert_cancel)(self.handle);
            (functions.insert_free)(self.handle);
        }
    }
}

/// Copies a C string. `None` for null or empty.
///
/// # Safety
/// `pointer` is null or points to a text that ends in NUL and lives during the call.
unsafe fn text(pointer: *const c_char) -> Option<String> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: by the contract of this function.
    let text = unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned();
    (!text.is_empty()).then_some(text)
}

/// Asks the kernel to send SIGTERM when the thread that started this process ends.
pub(crate) fn end_with_parent() {
    // SAFETY: a plain system call with integer arguments.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM) };
}

/// Points descriptor 1 at /dev/null and gives back the real standard output: the engine chats on it.
pub(crate) fn take_stdout() -> std::io::Result<std::fs::File> {
    use std::os::fd::{AsFd, AsRawFd};
    let real = std::io::stdout().as_fd().try_clone_to_owned()?;
    let null = std::fs::OpenOptions::new().write(true).open("/dev/null")?;
    // SAFETY: both descriptors are open; 1 stays open and now points elsewhere.
    if unsafe { libc::dup2(null.as_raw_fd(), 1) } < 0 {
        return Err(std::io::Error::last_os_error());
    }
    Ok(real.into())
}

/// Ends the process without running the library's exit handlers, which crash while an engine is up.
pub(crate) fn leave(code: i32) -> ! {
    // SAFETY: ends the process; nothing of ours is waiting to be flushed.
    unsafe { libc::_exit(code) }
}
