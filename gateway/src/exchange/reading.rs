//! A stream from a provider: its chunks pass as they came, and a copy of each event is read on the way.
//!
//! Only two kinds of event do not pass at once: the usage chunk we asked for ourselves is dropped, and the end mark, with
//! everything after it, is held until the record is written.

use std::collections::VecDeque;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Body as _;
use hyper::body::Incoming;
use weir_wire::batch::Tally;
use weir_wire::translate::StreamWriter;
use weir_wire::{
    Answer, Dialect, Elements, FaultKind, Frame, Frames, Quirks, SseError, SseLimits, StreamReader,
    UpstreamFault,
};

use crate::upstream::host::Unpacker;

/// How a stream is cut into what can be read.
pub(crate) enum Framing {
    /// Events.
    Events(Frames),
    /// The elements of one JSON array.
    Array(Elements),
    /// Not at all: sound, files.
    Bare,
}

impl Framing {
    /// Events, with room for pictures in them or without.
    pub(crate) fn events(roomy: bool) -> Self {
        Self::Events(Frames::new(if roomy { SseLimits::ROOMY } else { SseLimits::default() }))
    }

    /// An array's elements.
    pub(crate) fn array() -> Self {
        Self::Array(Elements::default())
    }

    fn push(&mut self, chunk: &Bytes, each: impl FnMut(Frame)) -> Result<(), SseError> {
        match self {
            Self::Events(frames) => frames.push(chunk, each),
            Self::Array(elements) => elements.push(chunk, each),
            Self::Bare => Ok(()),
        }
    }

    fn rest(&mut self) -> Option<Frame> {
        match self {
            Self::Events(frames) => frames.rest(),
            Self::Array(elements) => elements.rest(),
            Self::Bare => None,
        }
    }
}

/// A stream that has begun.
pub(crate) struct Reading {
    incoming: Incoming,
    framing: Framing,
    reader: StreamReader,
    /// Bytes that may pass.
    ready: VecDeque<Bytes>,
    /// The end mark and what follows it.
    held: Vec<Bytes>,
    /// What the provider sent, kept only where it differs from what passes.
    received: Option<Vec<Bytes>>,
    /// Whether the usage chunk is ours alone.
    strip_usage: bool,
    /// Puts the framing off in which a host packs its events.
    unpacker: Option<Unpacker>,
    /// Whether chunks pass unread, because an event outgrew its bound.
    blind: bool,
    /// Whether its shape need not be known: below a provider's own path anything may come.
    lenient: bool,
    began: bool,
    marked: bool,
    fault: Option<UpstreamFault>,
    /// Writes the events in the caller's dialect, where that is another.
    writer: Option<Box<StreamWriter>>,
    /// Whether nothing more can be translated, because an event outgrew its bound.
    spoiled: bool,
    /// Adds up what a batch consumed, where its results pass.
    tally: Option<Tally>,
}

/// What a poll found.
pub(crate) enum Progress {
    /// Something may pass, or was read.
    Chunk,
    /// The provider closed the stream.
    End,
    /// The stream broke.
    Broken(String),
}

impl Reading {
    /// Begins to read. With `strip_usage`, the usage chunk is ours alone.
    pub(crate) fn begin(
        incoming: Incoming,
        framing: Framing,
        reader: StreamReader,
        strip_usage: bool,
        writer: Option<Box<StreamWriter>>,
    ) -> Self {
        Self {
            incoming,
            framing,
            reader,
            ready: VecDeque::with_capacity(4),
            held: Vec::new(),
            received: (strip_usage || writer.is_some()).then(Vec::new),
            strip_usage,
            unpacker: None,
            blind: false,
            lenient: false,
            began: false,
            marked: false,
            fault: None,
            writer,
            spoiled: false,
            tally: None,
        }
    }

    /// The same, of a stream whose shape need not be known.
    pub(crate) fn lenient(mut self, lenient: bool) -> Self {
        self.lenient = lenient;
        self
    }

    /// The same, of the results of a batch, which are added up.
    pub(crate) fn tallied(mut self, tally: Option<Tally>) -> Self {
        self.tally = tally;
        self
    }

    /// The same, of a stream whose events a host packs. What came is kept, what passes are the events.
    pub(crate) fn unpacked(mut self, unpacker: Option<Unpacker>) -> Self {
        if unpacker.is_some() {
            self.received.get_or_insert_default();
        }
        self.unpacker = unpacker;
        self
    }

    /// Takes the next chunk from the provider.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Progress> {
        match std::pin::Pin::new(&mut self.incoming).poll_frame(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) => {
                let unpacked = self.unpacker.as_mut().filter(|_| !self.spoiled).map(Unpacker::finish);
                unpacked.into_iter().for_each(|events| self.take_unpacked(Ok(events)));
                self.end();
                Poll::Ready(Progress::End)
            }
            Poll::Ready(Some(Err(error))) => {
                self.end();
                Poll::Ready(Progress::Broken(error.to_string()))
            }
            Poll::Ready(Some(Ok(frame))) => {
                if let Ok(chunk) = frame.into_data() {
                    self.take(&chunk);
                }
                Poll::Ready(Progress::Chunk)
            }
        }
    }

    fn take(&mut self, chunk: &Bytes) {
        if let Some(received) = &mut self.received {
            received.push(chunk.clone());
        }
        if self.spoiled {
            return;
        }
        match self.unpacker.as_mut().map(|unpacker| unpacker.push(chunk)) {
            None => self.take_plain(chunk),
            Some(unpacked) => self.take_unpacked(unpacked),
        }
    }

    fn take_unpacked(&mut self, unpacked: Result<Bytes, String>) {
        match unpacked {
            Ok(events) if events.is_empty() => {}
            Ok(events) => self.take_plain(&events),
            Err(broken) => {
                self.fault.get_or_insert(UpstreamFault::local(FaultKind::Cut, broken));
                self.spoiled = true;
            }
        }
    }

    /// Takes events as they are.
    fn take_plain(&mut self, chunk: &Bytes) {
        if self.is_blind() {
            self.began |= !chunk.is_empty();
            if let Some(tally) = &mut self.tally {
                tally.push(chunk);
            }
            self.ready.push_back(chunk.clone());
            return;
        }
        let mut framing = std::mem::replace(&mut self.framing, Framing::Bare);
        let outgrown = framing.push(chunk, |frame| self.pass(frame, chunk)).is_err();
        if outgrown && self.writer.is_some() {
            tracing::warn!("an event of a stream outgrew its bound; the rest cannot be translated");
            self.spoiled = true;
        } else if outgrown {
            tracing::warn!("an event of a stream outgrew its bound; the rest of the stream passes unread");
            self.blind = true;
            self.ready.extend(framing.rest().map(|frame| frame.bytes));
        }
        self.framing = framing;
    }

    /// Reads one event and lets it pass, unless it is held or dropped.
    fn pass(&mut self, frame: Frame, chunk: &Bytes) {
        let mut written = Vec::new();
        let observed = match &mut self.writer {
            None => self.reader.read(&frame.event(), &mut |_| ()),
            Some(writer) => self.reader.read(&frame.event(), &mut |event| writer.write(event, &mut written)),
        };
        self.began |= observed.first_content || self.lenient;
        self.marked |= observed.terminal;
        if let Some(fault) = observed.error {
            self.fault.get_or_insert(fault);
        }
        if self.writer.is_some() {
            self.pass_written(written, observed.terminal);
        } else if self.marked {
            self.held.push(frame.bytes);
        } else if !(observed.usage_only_chunk && self.strip_usage) {
            join(&mut self.ready, frame.bytes, chunk);
        }
    }

    /// Lets a translated event pass; at the end mark the caller's own end is held.
    fn pass_written(&mut self, mut written: Vec<u8>, terminal: bool) {
        if let Some(writer) = self.writer.as_mut().filter(|_| terminal && self.fault.is_none()) {
            writer.close(&mut written);
        }
        match written.is_empty() {
            true => {}
            false if self.marked => self.held.push(written.into()),
            false => self.ready.push_back(written.into()),
        }
    }

    /// What no blank line closed passes too.
    fn end(&mut self) {
        let rest = self.framing.rest();
        // A comma after which nothing comes would spoil an array that is ended in the provider's place.
        let dangling = |frame: &Frame| {
            self.is_array() && !self.marked && frame.bytes.iter().all(|byte| b", \r\n\t".contains(byte))
        };
        if let Some(frame) = rest.filter(|frame| !dangling(frame)) {
            self.pass(frame, &Bytes::new());
        }
        if let Some(writer) = self.writer.as_mut().filter(|_| !self.marked && self.reader.is_complete()) {
            let mut written = Vec::new();
            writer.close(&mut written);
            self.held.push(written.into());
        }
        // An answer may be empty, and not every provider sends an end mark.
        self.began |=
            !self.reader.answer().finish_reasons.is_empty() || matches!(self.framing, Framing::Bare);
    }

    /// Whether content has come, or the stream is over without any: from here on it may pass.
    pub(crate) const fn may_pass(&self) -> bool {
        self.began || self.marked || self.blind
    }

    /// Whether content has come.
    pub(crate) const fn began(&self) -> bool {
        self.began
    }

    /// Whether chunks pass unread: then nobody knows whether the stream was complete.
    pub(crate) const fn is_blind(&self) -> bool {
        self.blind || matches!(self.framing, Framing::Bare)
    }

    /// Kinds of parts that came and that the caller's dialect has no word for.
    pub(crate) fn lost(&self) -> &[String] {
        self.writer.as_ref().map_or(&[], |writer| writer.lost())
    }

    /// Whether nobody can tell if it came to its end.
    pub(crate) const fn is_obscure(&self) -> bool {
        self.is_blind() || self.lenient
    }

    /// Whether what passes is made of events, between which a comment may stand.
    pub(crate) const fn is_events(&self) -> bool {
        self.passes_array().is_none() && !matches!(self.framing, Framing::Bare)
    }

    /// Set where what passes is one JSON array: whether an element of it has.
    pub(crate) const fn passes_array(&self) -> Option<bool> {
        match &self.writer {
            Some(writer) => writer.array(),
            None if self.is_array() => Some(true),
            None => None,
        }
    }

    /// Whether an array comes, whose end is no event.
    const fn is_array(&self) -> bool {
        matches!(self.framing, Framing::Array(_))
    }

    /// Whether the end mark has come.
    pub(crate) const fn is_marked(&self) -> bool {
        self.marked
    }

    /// The provider's error, when one came in the stream.
    pub(crate) const fn fault(&self) -> Option<&UpstreamFault> {
        self.fault.as_ref()
    }

    /// How many bytes wait to pass.
    pub(crate) fn waiting(&self) -> usize {
        self.ready.iter().map(Bytes::len).sum()
    }

    /// What may pass now.
    pub(crate) fn take_ready(&mut self) -> impl Iterator<Item = Bytes> + '_ {
        self.ready.drain(..)
    }

    /// What was held.
    pub(crate) fn take_held(&mut self) -> Vec<Bytes> {
        std::mem::take(&mut self.held)
    }

    /// What the provider sent, where it differs from what passed.
    pub(crate) fn take_received(&mut self) -> Option<Vec<Bytes>> {
        self.received.take()
    }

    /// What the results of a batch add up to, as far as they came.
    pub(crate) const fn take_tally(&mut self) -> Option<Tally> {
        self.tally.take()
    }

    /// What was read.
    pub(crate) fn finish(&mut self) -> Answer {
        let reader = StreamReader::new(Dialect::OpenAi, Quirks::default());
        std::mem::replace(&mut self.reader, reader).finish()
    }
}

/// Appends an event; events that lie next to each other in one chunk stay one piece.
fn join(ready: &mut VecDeque<Bytes>, bytes: Bytes, chunk: &Bytes) {
    let begin = chunk.as_ptr() as usize;
    let place = |bytes: &Bytes| {
        let from = (bytes.as_ptr() as usize).checked_sub(begin)?;
        (from + bytes.len() <= chunk.len()).then_some(from..from + bytes.len())
    };
    if let Some(last) = ready.back_mut()
        && let (Some(before), Some(after)) = (place(last), place(&bytes))
        && before.end == after.start
    {
        *last = chunk.slice(before.start..after.end);
        return;
    }
    ready.push_back(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_in_one_chunk_stay_one_piece() {
        let chunk = Bytes::from_static(b"aabbccdd");
        let mut ready = VecDeque::new();
        join(&mut ready, Bytes::from(b"xx".to_vec()), &chunk);
        join(&mut ready, chunk.slice(0..2), &chunk);
        join(&mut ready, chunk.slice(2..4), &chunk);
        join(&mut ready, chunk.slice(6..8), &chunk);
        assert_eq!(ready, [&b"xx"[..], b"aabb", b"dd"]);
    }
}
