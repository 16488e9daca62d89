//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

/// What `--help` says.
pub(crate) const USAGE: &str = "\
weir-clickhouse: the embedded ClickHouse engine behind its HTTP interface on 127.0.0.1

  --data DIR         Weir's data folder. Tables live in DIR/clickhouse; user, password and port stand in
                     DIR/clickhouse.json (private to its owner), made at the first start
  --port N           port to listen on; 0 takes any free one (default 8123)
  --port-fallback    when N is taken, take the next free one above it
  --with-parent      end when the starting thread does, or when its end of standard input closes

The library libchdb.so is looked for at WEIR_CHDB_LIB, lib/ beside this program, DIR/engine, /usr/local/lib, /usr/lib.
Once ready, one line of JSON is printed; on failure it names the error.";

/// The parsed command line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) data: PathBuf,
    pub(crate) port: u16,
    pub(crate) port_fallback: bool,
    pub(crate) with_parent: bool,
}

impl Arguments {
    /// Reads the arguments; `None` when help was asked for.
    ///
    /// # Errors
    /// A sentence naming the argument that is missing or wrong.
    pub(crate) fn read(mut given: impl Iterator<Item = OsString>) -> Result<Option<Self>, String> {
        let mut data = None;
        let (mut port, mut port_fallback, mut with_parent) = (8123, false, false);
        while let Some(argument) = given.next() {
            let mut value = || given.next().ok_or_else(|| format!("{} needs a value", argument.display()));
            match argument.to_str() {
                Some("--help" | "-h") => return Ok(None),
                Some("--data") => data = Some(PathBuf::from(value()?)),
                Some("--port") => {
                    let text = value()?;
                    port = text
                        .to_str()
                        .and_then(|text| text.parse().ok())
                        .ok_or("--port needs a number up to 65535")?;
                }
                Some("--port-fallback") => port_fallback = true,
                Some("--with-parent") => with_parent = true,
                _ => return Err(format!("unknown argument {}", argument.display())),
            }
        }
        let data = data.ok_or("--data is missing: the folder for tables and credentials")?;
        Ok(Some(Self { data, port, port_fallback, with_parent }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Option<Arguments>, String> {
        Arguments::read(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn a_folder_is_needed_and_unknown_words_are_refused() {
        let arguments = read("--data d --port 0 --port-fallback").unwrap().unwrap();
        assert_eq!((arguments.port, arguments.port_fallback, arguments.with_parent), (0, true, false));
        assert!(read("").is_err() && read("--data").is_err() && read("--data d --prot 1").is_err());
        assert_eq!(read("--data d --help"), Ok(None));
    }
}
