//! `weir completion` and `weir man`: what shells and readers are told about the command line, from its own definition.

use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::{Arguments, Failure};
use crate::output;

#[derive(Debug, Args)]
pub(super) struct CompletionArguments {
    /// Which shell.
    shell: Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManArguments {
    /// The folder for the pages; made when it is missing.
    folder: PathBuf,
}

/// Prints the script a shell completes commands by.
pub(super) fn complete(arguments: &CompletionArguments) {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "weir", &mut script);
    output::line(String::from_utf8_lossy(&script).trim_end());
}

/// Writes a manual page for every command.
pub(super) fn write_manual(arguments: &ManArguments) -> Result<(), Failure> {
    let folder: &Path = &arguments.folder;
    let failed =
        |error| Failure::Run(format!("the manual cannot be written to {}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(Arguments::command(), folder).map_err(failed)?;
    output::note(&format!("The manual is in {}: man {}/weir.1", folder.display(), folder.display()));
    Ok(())
}
