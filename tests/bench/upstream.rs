//! The provider: a process of its own that answers at once with prepared bytes, a thread a connection.

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
    let (answer, message) = (payload::answer(), payload::message());
    let (head, events) = (payload::stream_head(), payload::stream_events());
    let mut body = Vec::new();
    while let Some(wanted) = take_request(&mut reader, &mut body)? {
        match wanted {
            Wanted::Answer => writer.write_all(&answer)?,
            Wanted::Message => writer.write_all(&message)?,
            Wanted::Stream => {}
        }
        if wanted != Wanted::Stream {
            continue;
        }
        writer.write_all(&head)?;
        for (number, event) in events.iter().enumerate() {
            if number > 0 {
                thread::sleep(payload::PACE);
            }
            writer.write_all(event)?;
        }
    }
    Ok(())
}

/// What a request asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Answer,
    Message,
    Stream,
}

/// Reads a request and forgets it; what it asks for, `None` when the client left.
fn take_request(reader: &mut BufReader<TcpStream>, body: &mut Vec<u8>) -> io::Result<Option<Wanted>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let wanted = match () {
        () if line.contains("/sse-50/") => Wanted::Stream,
        () if line.contains("/v1/messages") => Wanted::Message,
        () => Wanted::Answer,
    };
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
    Ok(Some(wanted))
}
