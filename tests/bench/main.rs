//! What a request costs: the real gateway at full logging, its journal on disk, its archive a sink that counts, beside
//! nginx `proxy_pass`, beside a bare proxy of the same libraries, and beside no proxy at all. Everything on loopback, bounded in count and time.
//!
//! | module | holds |
//! | --- | --- |
//! | [`arguments`] | what can be chosen |
//! | [`payload`], [`format`](mod@format) | what travels, in four formats |
//! | [`upstream`] | the provider: a process of its own that answers at once |
//! | [`bare`] | a proxy of the gateway's libraries that only passes on |
//! | [`load`] | the clients: saturating, or at a fixed rate |
//! | [`control`] | the control plane, as far as a gateway needs one |
//! | [`sink`] | the archive: takes every insert and counts |
//! | [`subject`] | what is measured: a process started, pinned, read from `/proc` |
//! | [`round`] | one measurement after another, interleaved |
//! | [`report`] | the table, the bars, the JSON lines |

mod arguments;
mod bare;
mod control;
mod format;
mod load;
mod payload;
mod report;
mod round;
mod sink;
mod subject;
mod upstream;

fn main() {
    let mut words = std::env::args().skip(1).peekable();
    if words.peek().is_some_and(|word| word == upstream::COMMAND) {
        upstream::serve();
        return;
    }
    if words.next_if(|word| word == bare::COMMAND).is_some() {
        bare::serve(&words.next().unwrap_or_default());
        return;
    }
    let arguments = match arguments::Arguments::read(words) {
        Ok(arguments) => arguments,
        Err(reason) => {
            eprintln!("{reason}");
            std::process::exit(2);
        }
    };
    let figures = round::measure(&arguments);
    report::print(&figures);
    if arguments.save {
        report::save(&figures);
    }
}
