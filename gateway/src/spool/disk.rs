//! The one way to write journal files, behind a trait so that tests can run out of disk.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::FallocateFlags;

/// Makes journal files.
pub(super) trait Disk: Send + Sync {
    /// A new file of that size, allocated and zero.
    fn create(&self, path: &Path, bytes: u64) -> io::Result<Arc<dyn Journal>>;
    /// An existing file: what stands behind `keep` is cut off, and the space up to `bytes` allocated again as zeros.
    fn reopen(&self, path: &Path, keep: u64, bytes: u64) -> io::Result<Arc<dyn Journal>>;
}

/// One journal file.
pub(super) trait Journal: Send + Sync {
    /// Writes all bytes at that offset, or fails; then the same offset may be written again.
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()>;
    /// Returns when the data is on the medium.
    fn sync(&self) -> io::Result<()>;
    /// Gives back the space behind that offset.
    fn trim(&self, bytes: u64) -> io::Result<()>;
}

/// The disk of this machine.
pub(super) struct LocalDisk;

impl Disk for LocalDisk {
    fn create(&self, path: &Path, bytes: u64) -> io::Result<Arc<dyn Journal>> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
        if let Err(error) = allocate(&file, bytes).and_then(|()| sync_folder_of(path)) {
            drop(std::fs::remove_file(path));
            return Err(error);
        }
        Ok(Arc::new(file))
    }

    fn reopen(&self, path: &Path, keep: u64, bytes: u64) -> io::Result<Arc<dyn Journal>> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        file.set_len(keep)?;
        if bytes > keep {
            allocate(&file, bytes)?;
        }
        Ok(Arc::new(file))
    }
}

impl Journal for File {
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.write_all_at(bytes, at)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn trim(&self, bytes: u64) -> io::Result<()> {
        self.set_len(bytes)
    }
}

/// Reserves the space, so that a write inside a file cannot run out of it.
fn allocate(file: &File, bytes: u64) -> io::Result<()> {
    match rustix::fs::fallocate(file, FallocateFlags::empty(), 0, bytes) {
        Ok(()) => Ok(()),
        // Some file systems cannot reserve; a sparse file is then the best there is.
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => file.set_len(bytes),
        Err(error) => Err(error.into()),
    }
}

/// Makes a file's name itself durable.
pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
