//! What is in a backup, with a checksum of every file. Written last: a folder without it is no backup.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use super::BackupError;

/// The file's name in the folder.
const NAME: &str = "manifest.json";
/// The format of the folder; another one needs another Weir.
const FORMAT: u32 = 1;

/// How the master key is in a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyForm {
    /// As it is.
    Plain,
    /// Under a passphrase.
    Passphrase,
    /// Not at all.
    LeftOut,
}

/// One file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Path in the folder, with `/`.
    pub(super) path: String,
    /// Its length.
    pub(super) bytes: u64,
    /// SHA-256 of what is in it.
    pub(super) sha256: String,
    /// For a file of the archive: the table.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) table: String,
}

/// The whole of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) format: u32,
    /// The version of Weir that wrote it.
    pub(super) weir: String,
    /// The moment it shows, µs UTC.
    pub(super) moment_us: i64,
    /// The newest migration of the app database.
    pub(super) store_version: i64,
    /// The newest migration of the archive.
    pub(super) archive_version: u32,
    /// How the master key is in it.
    pub(super) master_key: KeyForm,
    /// Every other file of the folder.
    pub(super) files: Vec<Entry>,
}

impl Manifest {
    pub(super) fn new(moment_us: i64, store_version: i64, archive_version: u32) -> Self {
        Self {
            format: FORMAT,
            weir: env!("CARGO_PKG_VERSION").to_owned(),
            moment_us,
            store_version,
            archive_version,
            master_key: KeyForm::LeftOut,
            files: Vec::new(),
        }
    }

    /// Writes it into the folder, whole or not at all.
    pub(super) fn write(&self, folder: &Path) -> Result<(), BackupError> {
        let (path, unfinished) = (folder.join(NAME), folder.join("manifest.unfinished"));
        let text = serde_json::to_vec_pretty(self).unwrap_or_default();
        let mut file = create(&unfinished)?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(BackupError::file(&unfinished))?;
        std::fs::rename(&unfinished, &path).map_err(BackupError::file(&path))
    }

    /// Reads it and holds every file against its checksum, before anything is changed.
    pub(super) fn read(folder: &Path) -> Result<Self, BackupError> {
        let no_backup = |reason: String| BackupError::NoBackup(folder.to_owned(), reason);
        let text = std::fs::read(folder.join(NAME))
            .map_err(|error| no_backup(format!("its {NAME} cannot be read ({error})")))?;
        let manifest: Self =
            serde_json::from_slice(&text).map_err(|error| no_backup(format!("its {NAME}: {error}")))?;
        if manifest.format != FORMAT {
            let reason = format!("it has format {}, this Weir reads format {FORMAT}", manifest.format);
            return Err(no_backup(reason));
        }
        for entry in &manifest.files {
            if !is_inside(&entry.path) {
                return Err(no_backup(format!("`{}` is no place inside it", entry.path)));
            }
            let path = folder.join(&entry.path);
            let found = sum_of(&path).map_err(|error| no_backup(format!("{}: {error}", entry.path)))?;
            if found != (entry.bytes, entry.sha256.clone()) {
                return Err(no_backup(format!("{} was changed or cut off since", entry.path)));
            }
        }
        Ok(manifest)
    }
}

/// Only names we would have given: no step upwards, no other root.
fn is_inside(path: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    path.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && part.chars().all(plain))
}

fn sum_of(path: &Path) -> io::Result<(u64, String)> {
    let mut sum = Summed { inner: io::sink(), context: Context::new(&SHA256), bytes: 0 };
    io::copy(&mut File::open(path)?, &mut sum)?;
    Ok((sum.bytes, sum.digest()))
}

/// Passes bytes on and adds them up.
struct Summed<W> {
    inner: W,
    context: Context,
    bytes: u64,
}

impl<W> Summed<W> {
    fn digest(self) -> String {
        self.context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.context.update(bytes.get(..written).unwrap_or_default());
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// A compressed file of a backup while it is being written. Readable by its owner only.
pub(super) struct Writing {
    path: PathBuf,
    name: String,
    to: zstd::stream::write::Encoder<'static, Summed<BufWriter<File>>>,
}

impl Writing {
    /// Begins the file of that name in the folder.
    pub(super) fn begin(folder: &Path, name: String) -> Result<Self, BackupError> {
        let path = folder.join(&name);
        if let Some(parent) = path.parent() {
            make_folder(parent)?;
        }
        let inner = BufWriter::with_capacity(1 << 18, create(&path)?);
        let sum = Summed { inner, context: Context::new(&SHA256), bytes: 0 };
        let to = zstd::stream::write::Encoder::new(sum, 3).map_err(BackupError::file(&path))?;
        Ok(Self { path, name, to })
    }

    /// Ends the file; it is on the medium afterwards.
    pub(super) fn end(self, table: &str) -> Result<Entry, BackupError> {
        let Self { path, name, to } = self;
        let failed = |error| BackupError::file(&path)(error);
        let mut sum = to.finish().map_err(failed)?;
        sum.flush().and_then(|()| sum.inner.get_ref().sync_all()).map_err(failed)?;
        let bytes = sum.bytes;
        Ok(Entry { path: name, bytes, sha256: sum.digest(), table: table.to_owned() })
    }
}

impl Write for Writing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// What is in a compressed file of a backup.
pub(super) fn open(folder: &Path, entry: &Entry) -> Result<impl Read + Send + use<>, BackupError> {
    let path = folder.join(&entry.path);
    let file = File::open(&path).map_err(BackupError::file(&path))?;
    zstd::stream::read::Decoder::new(file).map_err(BackupError::file(&path))
}

/// A small file as it is, in the folder and in the manifest.
pub(super) fn write_small(folder: &Path, name: &str, content: &[u8]) -> Result<Entry, BackupError> {
    let path = folder.join(name);
    let mut file = create(&path)?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(BackupError::file(&path))?;
    let (bytes, sha256) = sum_of(&path).map_err(BackupError::file(&path))?;
    Ok(Entry { path: name.to_owned(), bytes, sha256, table: String::new() })
}

/// A new file that only its owner reads.
pub(super) fn create(path: &Path) -> Result<File, BackupError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(BackupError::file(path))
}

/// A folder that only its owner enters.
pub(super) fn make_folder(path: &Path) -> Result<(), BackupError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(BackupError::file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_changed_or_leads_outside_is_no_backup() {
        let folder = tempfile::tempdir().unwrap();
        let mut writing = Writing::begin(folder.path(), "archive/a.zst".to_owned()).unwrap();
        writing.write_all(b"rows").unwrap();
        let mut manifest = Manifest::new(1, 1, 1);
        manifest.files.push(writing.end("a").unwrap());
        assert!(Manifest::read(folder.path()).is_err(), "unfinished");
        manifest.write(folder.path()).unwrap();
        assert_eq!(Manifest::read(folder.path()).unwrap(), manifest);
        let mut text = String::new();
        open(folder.path(), &manifest.files[0]).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "rows");

        std::fs::write(folder.path().join("archive/a.zst"), b"other").unwrap();
        let changed = Manifest::read(folder.path()).unwrap_err().to_string();
        assert!(changed.contains("archive/a.zst was changed"), "{changed}");
        manifest.files[0].path = "../a".to_owned();
        std::fs::remove_file(folder.path().join(NAME)).unwrap();
        manifest.write(folder.path()).unwrap();
        assert!(Manifest::read(folder.path()).unwrap_err().to_string().contains("no place inside"));
    }
}
