//! A throw-away PostgreSQL cluster, run as an unprivileged user even when the tests are root.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A running cluster; gone when dropped.
pub struct Postgres {
    server: Child,
    folder: TempDir,
    port: u16,
}

/// The folder of `initdb`, as `make` found or fetched it.
#[must_use]
pub fn programs() -> PathBuf {
    let folder = std::env::var_os("WEIR_TEST_POSTGRES").map(PathBuf::from);
    folder.expect("WEIR_TEST_POSTGRES names the folder of initdb: run `make test`, which finds or fetches it")
}

impl Postgres {
    /// Makes a cluster and starts it on loopback.
    pub async fn start() -> Self {
        let programs = programs();
        let folder = TempDir::new().unwrap();
        let user = owner(folder.path());
        let data = folder.path().join("data");
        let made = as_user(&user, &programs.join("initdb"))
            .arg("-D")
            .arg(&data)
            .args(["--auth=trust", "--username=weir", "--no-sync", "--encoding=UTF8", "--locale=C"])
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(made.success(), "initdb failed");
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = as_user(&user, &programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"])
            .arg("-k")
            .arg(folder.path())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let postgres = Self { server, folder, port };
        crate::wait::until("PostgreSQL listens", || async {
            let socket = postgres.folder.path().join(format!(".s.PGSQL.{port}"));
            (socket.exists() && std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()).then_some(())
        })
        .await;
        postgres
    }

    /// The URL of its `postgres` database.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://weir@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGQUIT: stop at once, without tidying up what is deleted anyway. `setpriv` passes it on by having become the server.
        let _ = Command::new("kill").args(["-QUIT", &self.server.id().to_string()]).status();
        let _ = self.server.wait();
    }
}

/// PostgreSQL refuses to run as root: then `nobody` owns the folder and runs it.
fn owner(folder: &Path) -> Option<(u32, u32)> {
    let root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.starts_with(b"0\n"));
    root.then(|| {
        std::os::unix::fs::chown(folder, Some(65_534), Some(65_534)).unwrap();
        (65_534, 65_534)
    })
}

fn as_user(user: &Option<(u32, u32)>, program: &Path) -> Command {
    use std::os::unix::process::CommandExt as _;
    let mut command = Command::new(program);
    if let Some((uid, gid)) = user {
        command.uid(*uid).gid(*gid);
    }
    command.current_dir("/");
    command
}
