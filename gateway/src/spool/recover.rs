//! What the last life of the gateway left behind: sealed batches not yet delivered, records not yet sealed, and requests
//! that were admitted but never ended. The latter become `lost` records: a hole is visible, never silent.

use std::collections::HashMap;
use std::path::Path;

use weir_contract::id::RequestId;
use weir_contract::price::{Charge, Line};
use weir_contract::record::{CallRecord, OpenRecord, Outcome, RequestRecord, Side, Stage};
use weir_contract::usage::{Bucket, Usage, UsageSource};

use super::SpoolError;
use super::batch::BatchRef;
use super::checkpoint::Place;
use super::frame::{Frame, Kind};
use super::sealer::{Facts, Pending, Seal};
use super::segment::{self, Header};
use super::shelf::Sink;
use super::writer::Mark;

/// How many files set aside are kept for whoever looks into them.
const DAMAGED_KEPT: usize = 16;

/// How far each sink was.
pub(super) type Done = [(Sink, Option<Place>); 2];

/// What was found.
#[derive(Default)]
pub(super) struct Recovered {
    /// Files: number, bytes, whether set aside.
    pub(super) files: Vec<(u64, u64, bool)>,
    /// Sealed batches, and which sinks have them already.
    pub(super) batches: Vec<(BatchRef, Vec<Sink>)>,
    /// The file to go on writing.
    pub(super) tail: Option<Tail>,
    /// Requests that never ended, oldest first.
    pub(super) lost: Vec<OpenRecord>,
    /// Number of the newest file.
    pub(super) last_segment: u64,
    /// The next sequence number.
    pub(super) seq: u64,
    /// Files set aside just now.
    pub(super) quarantined: u64,
}

/// The end of the newest file.
pub(super) struct Tail {
    pub(super) segment: u64,
    /// Where writing goes on; what stands behind it was never finished.
    pub(super) at: u64,
    pub(super) salt: u32,
    pub(super) mark: Mark,
}

/// Reads the folder.
pub(super) fn recover(dir: &Path, done: &Done) -> Result<Recovered, SpoolError> {
    let mut found = Recovered::default();
    let mut opens = HashMap::new();
    let files = segment::list(dir)?;
    let everyone_has =
        done.iter().map(|(_, place)| place.map_or(0, |(segment, _)| segment)).min().unwrap_or(0);
    let last = files.last().map_or(0, |(number, ..)| *number);
    for (number, path, damaged) in &files {
        found.last_segment = *number;
        if *number < everyone_has && *number != last {
            if !damaged {
                let bytes = std::fs::metadata(path).map_or(0, |file| file.len());
                found.files.push((*number, bytes, false));
            }
            continue;
        }
        recover_file(dir, *number, path, (*damaged, *number == last), done, &mut opens, &mut found)?;
    }
    forget_old_damage(&files);
    found.lost = opens.into_values().collect();
    found.lost.sort_by_key(|open| (open.started_at_us, open.request_id));
    Ok(found)
}

fn recover_file(
    dir: &Path,
    number: u64,
    path: &Path,
    (was_damaged, is_last): (bool, bool),
    done: &Done,
    opens: &mut HashMap<RequestId, OpenRecord>,
    found: &mut Recovered,
) -> Result<(), SpoolError> {
    let bytes = segment::load(path)?;
    let contents = segment::read(&bytes, path)?;
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    if contents.header.is_none() && is_last && used < segment::HEADER_SEARCH {
        // Allocated, but not even its header was finished.
        drop(std::fs::remove_file(path));
        return Ok(());
    }
    let scan = &contents.scan;
    let damaged =
        contents.header.is_none() || !scan.damage.is_empty() || (scan.torn && !is_last) || was_damaged;
    if damaged && !was_damaged {
        quarantine(dir, number, path, scan.damage.len())?;
        found.quarantined += 1;
    }
    let Some(header) = contents.header else { return Ok(()) };
    found.seq = found.seq.max(header.first_seq).max(scan.frames.last().map_or(0, |frame| frame.seq + 1));
    let mut walk = Walk::new(&header, contents.start as u64);
    scan.frames.iter().for_each(|frame| walk.step(frame, opens));
    if is_last && !damaged {
        if scan.torn {
            tracing::warn!(path = %path.display(), at = scan.tail, "the unfinished end of the journal is cut off");
        }
        let mark = Mark {
            pending: pending_of(&walk.rows),
            pending_since: None,
            batch_from: walk.from,
            number: walk.number,
            seq: found.seq,
        };
        found.tail = Some(Tail { segment: number, at: scan.tail as u64, salt: header.salt, mark });
    } else {
        walk.seal_rest(scan.tail as u64);
    }
    found.files.push((number, scan.tail as u64, damaged));
    for batch in walk.batches {
        let has = |place: &Option<Place>| place.is_some_and(|place| place >= batch.place());
        let sinks = done.iter().filter(|(_, place)| has(place)).map(|(sink, _)| *sink).collect();
        found.batches.push((batch, sinks));
    }
    Ok(())
}

fn quarantine(dir: &Path, number: u64, path: &Path, places: usize) -> Result<(), SpoolError> {
    let aside = segment::damaged_path(dir, number);
    tracing::error!(
        path = %aside.display(), places,
        "a journal file is damaged and set aside: everything readable in it is delivered, what was hit is lost"
    );
    std::fs::rename(path, &aside).map_err(|source| SpoolError::disk("rename", path, source))
}

/// Deletes the oldest files set aside, beyond [`DAMAGED_KEPT`].
fn forget_old_damage(files: &[(u64, std::path::PathBuf, bool)]) {
    let damaged: Vec<_> = files.iter().filter(|(_, _, damaged)| *damaged).collect();
    for (_, path, _) in damaged.iter().take(damaged.len().saturating_sub(DAMAGED_KEPT)) {
        tracing::warn!(path = %path.display(), "an old damaged journal file is deleted");
        drop(std::fs::remove_file(path));
    }
}

/// A walk through one file's frames.
struct Walk<'a> {
    header: &'a Header,
    batches: Vec<BatchRef>,
    /// Frames with rows since the last seal: offset, facts, checksum.
    rows: Vec<(u64, Facts, u32)>,
    /// Where the batch being walked begins.
    from: u64,
    /// Its number.
    number: u32,
}

impl<'a> Walk<'a> {
    fn new(header: &'a Header, start: u64) -> Self {
        Self { header, batches: Vec::new(), rows: Vec::new(), from: start, number: 0 }
    }

    fn step(&mut self, frame: &Frame<'_>, opens: &mut HashMap<RequestId, OpenRecord>) {
        match frame.kind {
            Kind::Open => {
                if let Some(open) = frame.record::<OpenRecord>() {
                    opens.insert(open.request_id, open);
                }
            }
            Kind::Close => {
                frame.first_field().and_then(|request: RequestId| opens.remove(&request));
            }
            Kind::Void => {
                let requests: Vec<RequestId> = frame.record().unwrap_or_default();
                requests.iter().for_each(|request| drop(opens.remove(request)));
            }
            Kind::Seal => {
                if let Some(seal) = frame.record::<Seal>() {
                    self.sealed(seal, frame.end as u64);
                }
            }
            Kind::Body | Kind::Gap | Kind::Header | Kind::Dead => {}
        }
        if let Some(facts) = Facts::of_frame(frame) {
            self.rows.push((frame.at as u64, facts, frame.crc));
        }
    }

    fn sealed(&mut self, seal: Seal, to: u64) {
        // Rows before the batch began belong to one whose seal was damaged. The same rows get the same token again.
        let orphans: Vec<_> = self.rows.drain(..).filter(|(at, ..)| *at < seal.from).collect();
        if !orphans.is_empty() {
            self.number = seal.number.saturating_sub(1);
            self.push_unsealed(&orphans, seal.from, seal.record.sealed_at_us);
        }
        let Seal { record, number, from } = seal;
        self.push(BatchRef {
            segment: self.header.segment,
            number,
            from,
            to,
            salt: self.header.salt,
            seal: record,
            recovered: true,
        });
        (self.from, self.number) = (to, number + 1);
    }

    /// Makes a batch of what was never sealed in a file that is not written to any more.
    fn seal_rest(&mut self, to: u64) {
        let rows = std::mem::take(&mut self.rows);
        // Not the clock: the next start must come to the same batch.
        if let Some(latest_us) = rows.iter().map(|(_, facts, _)| facts.at_us).max() {
            self.push_unsealed(&rows, to, latest_us);
        }
    }

    fn push_unsealed(&mut self, rows: &[(u64, Facts, u32)], to: u64, sealed_at_us: i64) {
        let mut pending = pending_of(rows);
        let Header { gateway, segment, salt, .. } = self.header;
        let seal = pending.seal(gateway, *segment, self.number, self.from, sealed_at_us);
        let (segment, number, from, salt) = (*segment, self.number, self.from, *salt);
        self.push(BatchRef { segment, number, from, to, salt, seal: seal.record, recovered: true });
    }

    fn push(&mut self, batch: BatchRef) {
        self.batches.push(batch);
    }
}

fn pending_of(rows: &[(u64, Facts, u32)]) -> Pending {
    let mut pending = Pending::default();
    rows.iter().for_each(|(_, facts, crc)| pending.add(facts, *crc));
    pending
}

/// The close record of a request nobody saw the end of. Its cost is what was held for it, flagged as an estimate; the
/// customer is not billed for an answer that cannot be shown to have been given.
pub(super) fn lost(open: OpenRecord) -> RequestRecord {
    let hold = open.hold;
    let line =
        Line { bucket: Bucket::Request, units: 1, rate: hold.nano().checked_mul(1_000_000), amount: hold };
    let rated = hold.nano() > 0;
    let lines = if rated { vec![line] } else { Vec::new() };
    let call = CallRecord {
        started_at_us: open.started_at_us,
        model: open.model_requested.clone(),
        action: "gave_up".to_owned(),
        outcome: Outcome::Lost,
        error_type: "gateway_stopped".to_owned(),
        error_side: Side::Gateway,
        error_message: "the gateway stopped before this request ended".to_owned(),
        usage: Usage::new(UsageSource::Estimated),
        charge: Charge { lines, total: hold, rated },
        price_version: open.price_version,
        ..CallRecord::default()
    };
    RequestRecord {
        request_id: open.request_id,
        trace_id: open.trace_id,
        span_id: open.span_id,
        started_at_us: open.started_at_us,
        workspace: open.workspace,
        environment: open.environment,
        key: open.key,
        customer: open.customer,
        customer_source: open.customer_source,
        model_requested: open.model_requested,
        operation: open.operation,
        api: open.api,
        policy_revision: open.policy_revision,
        stage: Stage::Dispatch,
        outcome: Outcome::Lost,
        hold,
        calls: vec![call],
        ..RequestRecord::default()
    }
}
