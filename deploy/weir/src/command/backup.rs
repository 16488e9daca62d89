//! `weir backup` and `weir restore`: the whole installation as files in a folder, and back.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use weir_controlplane::backup::{self, KeyChoice, KeyForm};
use zeroize::Zeroizing;

use super::installation::{Installation, ambient};
use super::moment::written;
use super::serve::on_runtime;
use super::{Failure, Place};
use crate::config::Config;
use crate::output;

#[derive(Debug, Args)]
pub(super) struct BackupArguments {
    /// The folder for the backup: new, or empty.
    folder: PathBuf,
    /// Seal the master key under the passphrase in that file.
    #[arg(long, value_name = "FILE", conflicts_with = "without_master_key")]
    passphrase_file: Option<PathBuf>,
    /// Leave the master key out; without it, a backup restores no provider credential and no gateway trusts it.
    #[arg(long)]
    without_master_key: bool,
    #[command(flatten)]
    pub(super) place: Place,
    /// Print what was done as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct RestoreArguments {
    /// The folder of the backup.
    folder: PathBuf,
    /// The passphrase that the master key was sealed under.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Replace what is there.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    pub(super) place: Place,
    /// Print what was done as JSON.
    #[arg(long)]
    json: bool,
}

/// Makes a backup; the installation may be running.
pub(super) fn take(config: Config, arguments: &BackupArguments) -> Result<(), Failure> {
    let key = match passphrase(arguments.passphrase_file.as_ref())? {
        Some(passphrase) => KeyChoice::Passphrase(passphrase),
        None if arguments.without_master_key => KeyChoice::LeaveOut,
        None => KeyChoice::Plain,
    };
    on_runtime(&config.clone(), async {
        let installation = Installation::open(config).await?;
        let taken = backup::take(&installation.control(), &ambient(), &arguments.folder, &key).await;
        installation.close().await;
        told(arguments, &taken.map_err(Failure::run)?);
        Ok(())
    })
}

fn told(arguments: &BackupArguments, taken: &backup::Taken) {
    let moment = written(taken.moment_us);
    match taken.master_key {
        KeyForm::Plain => output::note(
            "The master key lies in this backup as it is: whoever has the folder has every provider key. \
             --passphrase-file seals it.",
        ),
        KeyForm::LeftOut => output::note("The master key is not in this backup: keep it elsewhere."),
        KeyForm::Passphrase => {}
    }
    if arguments.json {
        let (rows, files, bytes) = (taken.rows, taken.files, taken.bytes);
        output::line(&json!({ "moment": moment, "rows": rows, "files": files, "bytes": bytes }).to_string());
    } else {
        output::line(&format!(
            "{} holds this installation as it was at {moment}: {} rows, {} files, {} bytes.",
            arguments.folder.display(),
            taken.rows,
            taken.files,
            taken.bytes
        ));
    }
}

/// Puts a backup back; nothing may be running.
pub(super) fn restore(config: Config, arguments: &RestoreArguments) -> Result<(), Failure> {
    let passphrase = passphrase(arguments.passphrase_file.as_ref())?;
    on_runtime(&config.clone(), async {
        let installation = Installation::open(config).await?;
        let passphrase = passphrase.as_ref().map(|passphrase| passphrase.as_str());
        let (control, folder) = (installation.control(), &arguments.folder);
        let restored = backup::restore(&control, &ambient(), folder, passphrase, arguments.force).await;
        installation.close().await;
        let restored = restored.map_err(Failure::run)?;
        let moment = written(restored.moment_us);
        if arguments.json {
            let line = json!({
                "moment": moment, "rows": restored.rows, "archive_files": restored.archive_files,
                "with_master_key": restored.with_master_key,
            });
            output::line(&line.to_string());
        } else {
            output::line(&format!("This installation is as it was at {moment}. Start it with `weir up`."));
        }
        Ok(())
    })
}

fn passphrase(file: Option<&PathBuf>) -> Result<Option<Zeroizing<String>>, Failure> {
    let Some(file) = file else { return Ok(None) };
    let text = std::fs::read_to_string(file).map(Zeroizing::new);
    let text = text.map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", file.display())))?;
    let phrase = text.trim_end_matches(['\r', '\n']);
    if phrase.chars().count() < 8 {
        let sentence = format!("the passphrase in {} is shorter than 8 characters", file.display());
        return Err(Failure::Usage(sentence));
    }
    Ok(Some(Zeroizing::new(phrase.to_owned())))
}
