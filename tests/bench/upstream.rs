//! The provider: a process of its own that answers at once with prepared bytes, a thread a connection.

use std::collections::HashMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use crate::payload;

/// The word that makes this program the provider.
pub const COMMAND: &str = "upstream";

/// Listens on a port of its choice, prints it, and serves until killed.
pub fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
    println!("{}", listener.local_addr().expect("an address").port());
    for connection in listener.incoming().map_while(Result::ok) {
        // A connection that breaks is a client's way of leaving.
        thread::spawn(move || drop(attend(connection)));
    }
}

fn attend(connection: TcpStream) -> io::Result<()> {
    connection.set_nodelay(true)?;
    let mut writer = connection.try_clone()?;
    let mut reader = BufReader::with_capacity(256 * 1024, connection);
    let answers: HashMap<&str, Vec<Vec<u8>>> =
        payload::ALL.iter().map(|payload| (payload.name, payload.answer())).collect();
    let mut body = Vec::new();
    while let Some(path) = take_request(&mut reader, &mut body)? {
        let name = path.split('/').nth(1).unwrap_or_default();
        let pieces = answers.get(name).ok_or_else(|| io::Error::other("nothing of that name"))?;
        for (number, piece) in pieces.iter().enumerate() {
            if number > 1 {
                thread::sleep(payload::PACE);
            }
            writer.write_all(piece)?;
        }
    }
    Ok(())
}

/// Reads a request and forgets it; its path, `None` when the client left.
fn take_request(reader: &mut BufReader<TcpStream>, body: &mut Vec<u8>) -> io::Result<Option<String>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
    }
    body.resize(length, 0);
    reader.read_exact(body)?;
    Ok(Some(path))
}
