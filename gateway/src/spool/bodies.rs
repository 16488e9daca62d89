//! The body thread: puts frames together, finds the text to search, encodes and compresses, and hands the result to the
//! writer. None of it happens on the request's path.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};
use std::thread;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use lz4_flex::block::{CompressTable, compress_into_with_table, decompress_into, get_maximum_output_size};
use weir_contract::id::{CustomerId, RequestId, SessionId, WorkspaceId};
use weir_contract::record::{BodyRecord, RequestRecord};

use super::queue::{Item, Shared};
use super::view::BodyView;
use super::{Bodies, Extract};

/// How long work may gather while the thread rests: to wake it for every body would cost the request's thread more than
/// the body does.
const REST: Duration = Duration::from_millis(1);

/// Most bytes of searchable text kept of one body.
const SEARCH_TEXT_MAX: usize = 8 << 10;

/// Bytes of a payload that say how long it is once decompressed.
const LENGTH_BYTES: usize = 4;

/// What the body thread is told.
pub(super) enum Job {
    /// Encode this.
    Body(Box<Work>),
    /// Pass this on behind everything before it.
    Pass(Item),
}

/// Bodies of one call on their way to disk.
pub(super) struct Work {
    request_id: RequestId,
    started_at_us: i64,
    workspace: WorkspaceId,
    customer: CustomerId,
    session: SessionId,
    bodies: Bodies,
    /// What it counts in the queue.
    weight: u64,
}

impl Work {
    /// Bodies that belong to this request.
    pub(super) fn new(record: &RequestRecord, bodies: Bodies, weight: u64) -> Self {
        Self {
            request_id: record.request_id,
            started_at_us: record.started_at_us,
            workspace: record.workspace.clone(),
            customer: record.customer.clone(),
            session: record.session.clone(),
            bodies,
            weight,
        }
    }
}

/// How much a body counts in the queue, bytes.
pub(super) fn weight(bodies: &Bodies) -> u64 {
    let frames = |frames: &[Bytes]| frames.iter().map(Bytes::len).sum::<usize>();
    let upstream = bodies.upstream_response.as_deref().map_or(0, frames);
    let request = bodies.request.len() + bodies.upstream_request.as_ref().map_or(0, Bytes::len);
    (512 + request + frames(&bodies.response) + upstream + bodies.stream_marks.len() * 4) as u64
}

/// Runs until its senders are gone or it is told to stop.
pub(super) fn run(jobs: &Receiver<Job>, writer: &Sender<Item>, extract: &Extract, shared: &Arc<Shared>) {
    let mut encoder = Encoder::default();
    while let Ok(job) = jobs.recv() {
        for job in std::iter::once(job).chain(jobs.try_iter()) {
            let Some(item) = item_of(job, &mut encoder, extract, shared) else { continue };
            let stop = matches!(item, Item::Stop);
            if writer.send(item).is_err() || stop {
                return;
            }
        }
        thread::sleep(REST);
    }
}

fn item_of(job: Job, encoder: &mut Encoder, extract: &Extract, shared: &Shared) -> Option<Item> {
    let work = match job {
        Job::Pass(item) => return Some(item),
        Job::Body(work) => work,
    };
    let (workspace, weight, started_at_us) = (work.workspace.clone(), work.weight, work.started_at_us);
    let Some((payload, raw_bytes)) = encoder.encode(*work, extract) else {
        shared.release(weight);
        shared.counters.shed(&workspace, 1);
        tracing::error!(%workspace, "a body could not be encoded and is left out");
        return None;
    };
    Some(Item::Body { payload, raw_bytes, workspace, started_at_us, weight })
}

/// Encodes bodies one after another, in buffers it keeps.
#[derive(Default)]
pub(super) struct Encoder {
    raw: Vec<u8>,
    packed: Vec<u8>,
    small: Table<false>,
    large: Table<true>,
}

/// A table of the compression, kept because a new one costs more than a small body.
struct Table<const LARGE: bool>(CompressTable);

impl<const LARGE: bool> Default for Table<LARGE> {
    fn default() -> Self {
        Self(if LARGE { CompressTable::large() } else { CompressTable::small() })
    }
}

impl Encoder {
    /// Most bytes the small table serves.
    const SMALL_MAX: usize = u16::MAX as usize - 1;
    /// Larger buffers are not kept.
    const KEPT_MAX: usize = 1 << 20;

    /// The payload of a body frame, and how long it is once decompressed.
    pub(super) fn encode(&mut self, work: Work, extract: &Extract) -> Option<(Vec<u8>, u64)> {
        let mut record = assemble(work);
        // The text finder reads what strangers sent; should it ever panic, the body is still kept.
        let text = catch_unwind(AssertUnwindSafe(|| extract(&record)));
        record.search_text = text.unwrap_or_default();
        truncate(&mut record.search_text, SEARCH_TEXT_MAX);
        let Self { raw, packed, small, large } = self;
        raw.clear();
        raw.shrink_to(Self::KEPT_MAX);
        packed.truncate(Self::KEPT_MAX);
        packed.shrink_to(Self::KEPT_MAX);
        postcard::to_io(&record, &mut *raw).ok()?;
        // LZ4: speed matters more than ratio here, the archive compresses again, in session order.
        let length = u32::try_from(raw.len()).ok()?;
        let room = LENGTH_BYTES + get_maximum_output_size(raw.len());
        if packed.len() < room {
            packed.resize(room, 0);
        }
        let table = if raw.len() <= Self::SMALL_MAX { &mut small.0 } else { &mut large.0 };
        let (head, tail) = packed.split_at_mut(LENGTH_BYTES);
        head.copy_from_slice(&length.to_le_bytes());
        let written = compress_into_with_table(raw, tail, table).ok()?;
        Some((packed.get(..LENGTH_BYTES + written)?.to_vec(), u64::from(length)))
    }
}

/// The body in a frame's payload, where it stands once decompressed into that memory.
pub(super) fn unpack<'r>(payload: &[u8], raw: &'r mut Vec<u8>) -> Option<BodyView<'r>> {
    let (length, packed) = payload.split_first_chunk::<LENGTH_BYTES>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    if raw.len() < length {
        raw.resize(length, 0);
    }
    let raw = raw.get_mut(..length)?;
    let written = decompress_into(packed, raw).ok()?;
    postcard::from_bytes(raw.get(..written)?).ok()
}

/// The record of a body frame's payload, and how long it is decompressed.
pub(super) fn decode(payload: &[u8]) -> Option<(BodyRecord, u64)> {
    let raw = lz4_flex::decompress_size_prepended(payload).ok()?;
    Some((postcard::from_bytes(&raw).ok()?, raw.len() as u64))
}

fn assemble(work: Work) -> BodyRecord {
    let Bodies {
        attempt,
        request,
        response,
        upstream_request,
        upstream_response,
        body_format,
        content_type,
        stream_marks,
        request_headers,
        response_headers,
        retention_days,
    } = work.bodies;
    BodyRecord {
        request_id: work.request_id,
        attempt,
        started_at_us: work.started_at_us,
        workspace: work.workspace,
        customer: work.customer,
        session: work.session,
        retention_days,
        request,
        response: joined(response),
        upstream_request: upstream_request.unwrap_or_default(),
        upstream_response: upstream_response.map(joined).unwrap_or_default(),
        body_format,
        content_type,
        stream_marks,
        request_headers,
        response_headers,
        search_text: String::new(),
    }
}

fn joined(mut frames: Vec<Bytes>) -> Bytes {
    if frames.len() == 1 {
        return frames.pop().unwrap_or_default();
    }
    let mut whole = BytesMut::with_capacity(frames.iter().map(Bytes::len).sum());
    frames.iter().for_each(|frame| whole.extend_from_slice(frame));
    whole.freeze()
}

/// Cuts text at a character, at most `max` bytes in.
pub(super) fn truncate(text: &mut String, max: usize) {
    if text.len() > max {
        text.truncate(text.floor_char_boundary(max));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_comes_back_from_the_journal_as_it_went_in() {
        let request = RequestRecord { customer: "acme".into(), started_at_us: 7, ..RequestRecord::default() };
        let bodies = Bodies {
            attempt: 3,
            request: Bytes::from_static(b"{\"model\":\"m\"}"),
            response: vec![Bytes::from_static(b"data: 1\n\n"), Bytes::from_static(b"data: 2\n\n")],
            retention_days: 30,
            ..Bodies::default()
        };
        let extract: Extract = Arc::new(|body| "ä".repeat(body.request.len() * 1000));
        let (payload, raw) = Encoder::default().encode(Work::new(&request, bodies, 0), &extract).unwrap();
        let (body, raw_again) = decode(&payload).unwrap();
        assert_eq!(&body.response[..], b"data: 1\n\ndata: 2\n\n");
        assert_eq!((body.attempt, body.customer.as_str(), body.started_at_us), (3, "acme", 7));
        assert_eq!(body.search_text.len(), SEARCH_TEXT_MAX, "searchable text is bounded");
        assert_eq!(raw, raw_again);
        let mut memory = b"what was read before".repeat(2000);
        let view = unpack(&payload, &mut memory).unwrap();
        assert_eq!((view.response.0, view.search_text), (&body.response[..], &*body.search_text));
        assert_eq!(unpack(&payload[..payload.len() / 2], &mut memory), None);
    }

    #[test]
    fn a_panicking_text_finder_costs_only_the_text() {
        let extract: Extract = Arc::new(|_| panic!("odd input"));
        let work = Work::new(&RequestRecord::default(), Bodies::default(), 0);
        let (payload, _) = Encoder::default().encode(work, &extract).unwrap();
        assert_eq!(decode(&payload).unwrap().0.search_text, "");
    }
}
