//! The one binary. Each command is a file of `command/`; configuration is read once, in `config/`, before anything opens a port.
//!
//! | module | holds |
//! | --- | --- |
//! | `config` | defaults < file < environment < flags; unknown keys are errors |
//! | `command` | one file for each command: those that serve, those that ask the API, those of an operator at the machine |
//! | `engine` | the embedded ClickHouse as a supervised child |
//! | `demo` | the built-in demo provider |
//! | `traffic` | sample traffic for `weir demo` |
//! | `ambient` | the real clock and the system's randomness |
//! | `output` | the one writer to standard output |

use std::process::ExitCode;

use clap::Parser;

mod ambient;
mod command;
mod config;
mod demo;
mod engine;
mod output;
mod traffic;

/// Memory per request is many small, short-lived pieces on several threads; measured faster than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Exit code of a wrong command line or configuration (`EX_USAGE` of sysexits).
const EXIT_USAGE: u8 = 64;

fn main() -> ExitCode {
    let arguments = command::Arguments::parse();
    // ring is the only provider compiled in; saying so spares rustls from guessing in every connection.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match command::run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(command::Failure::Usage(message)) => {
            output::problem(&message);
            ExitCode::from(EXIT_USAGE)
        }
        Err(command::Failure::Told(code)) => ExitCode::from(code),
        Err(command::Failure::Run(message)) => {
            output::problem(&message);
            ExitCode::FAILURE
        }
    }
}
