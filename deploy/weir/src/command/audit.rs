//! `weir audit verify FILE`: whether an exported audit chain is whole. Asks no server and needs no key.

use std::fs::File;
use std::io::{BufRead, BufReader, stdin};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use weir_controlplane::audit::file::{FileError, verify};

use super::Failure;
use crate::output;

#[derive(Debug, Args)]
pub(super) struct AuditArguments {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Check a file that the Audit page or `/api/v1/audit/export` wrote. Exit code 0: whole; 1: changed, cut or another chain; 2: unreadable.
    Verify {
        /// The file; `-` reads standard input.
        file: PathBuf,
        /// The hash the chain must end with, as written down earlier.
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
        /// Print the result as one line of JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Exit code of a file that cannot be read as what it should be: nothing is said about the chain.
const UNREADABLE: u8 = 2;

fn unreadable(why: &str) -> Failure {
    output::problem(why);
    Failure::Told(UNREADABLE)
}

/// Runs it.
pub(super) fn run(arguments: &AuditArguments) -> Result<(), Failure> {
    let AuditCommand::Verify { file, head, json } = &arguments.command;
    let name = file.display();
    let reader: Box<dyn BufRead> = if file.as_os_str() == "-" {
        Box::new(stdin().lock())
    } else {
        match File::open(file) {
            Ok(file) => Box::new(BufReader::new(file)),
            Err(error) => return Err(unreadable(&format!("cannot open {name}: {error}"))),
        }
    };
    match verify(reader, head.as_deref()) {
        Ok(end) if *json => {
            output::line(&json!({"whole": true, "rows": end.seq, "head": end.hash}).to_string());
        }
        Ok(end) => {
            let rows = if end.seq == 1 { "1 row".to_owned() } else { format!("{} rows", end.seq) };
            output::line(&format!("{name}: {rows}, unbroken; the chain ends with {}", end.hash));
        }
        Err(error @ (FileError::Read { .. } | FileError::Line { .. })) => {
            return Err(unreadable(&format!("{name}: {error}")));
        }
        Err(error) => {
            if *json {
                output::line(&json!({"whole": false, "reason": error.to_string()}).to_string());
            }
            return Err(Failure::Run(format!("{name} is not whole: {error}")));
        }
    }
    Ok(())
}
