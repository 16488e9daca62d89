//! After a crash: the same batches again, one end for every beginning, and damage that costs only what it hit.

use std::collections::BTreeSet;

use super::*;
use crate::spool::frame::Kind;
use crate::spool::recover::{Recovered, recover};
use crate::spool::segment;
use crate::spool::shelf::Sink;

/// No sink has anything yet.
const NOTHING_DONE: crate::spool::recover::Done = [(Sink::Archive, None), (Sink::Books, None)];

/// A journal of many batches with requests left open, nothing delivered.
async fn journal(requests: u64) -> (tempfile::TempDir, Rig) {
    let dir = tempfile::tempdir().unwrap();
    let mut rig = Rig::new(dir.path(), ArchiveConfig::default());
    rig.config.segment_bytes = 1 << 20;
    let spool = rig.start();
    for n in 0..requests {
        spool.open(open(n)).await.unwrap();
        if n % 5 != 0 {
            spool.close(Closing { record: Box::new(request(n)), bodies: vec![bodies(n)] }).await.unwrap();
        }
    }
    shut(spool).await;
    std::fs::remove_file(dir.path().join("books.checkpoint")).unwrap();
    (dir, rig)
}

fn only_file(dir: &Path) -> std::path::PathBuf {
    let files = segment::list(dir).unwrap();
    assert_eq!(files.len(), 1);
    files[0].1.clone()
}

fn batches(found: &Recovered) -> Vec<(u64, u64, weir_contract::record::SealRecord)> {
    found.batches.iter().map(|(batch, _)| (batch.from, batch.to, batch.seal.clone())).collect()
}

#[tokio::test]
async fn a_crash_at_any_byte_leaves_the_sealed_batches_as_they_were() {
    let (dir, _) = journal(60).await;
    let path = only_file(dir.path());
    let whole = std::fs::read(&path).unwrap();
    let sealed = batches(&recover(dir.path(), &NOTHING_DONE).unwrap());
    assert!(sealed.len() >= 5);
    for cut in (0..whole.len()).step_by(113).chain(sealed.iter().map(|(_, to, _)| *to as usize)) {
        let mut torn = whole[..cut].to_vec();
        torn.resize(whole.len() + 100, 0);
        std::fs::write(&path, &torn).unwrap();
        let found = recover(dir.path(), &NOTHING_DONE).unwrap();
        let expected: Vec<_> = sealed.iter().filter(|(_, to, _)| *to <= cut as u64).cloned().collect();
        assert_eq!(batches(&found), expected, "cut at {cut}");
        assert_eq!(found.quarantined, 0, "a torn end is no damage");
        std::fs::write(&path, &whole).unwrap();
    }
}

/// All ends and beginnings in the folder's journal, as (opens, closes).
fn ends(dir: &Path) -> (BTreeSet<RequestId>, Vec<RequestRecord>) {
    let (mut opens, mut closes) = (BTreeSet::new(), Vec::new());
    for (_, path, _) in segment::list(dir).unwrap() {
        let bytes = std::fs::read(&path).unwrap();
        for frame in &segment::read(&bytes, &path).unwrap().scan.frames {
            match frame.kind {
                Kind::Open => drop(opens.insert(frame.record::<OpenRecord>().unwrap().request_id)),
                Kind::Close => closes.push(frame.record().unwrap()),
                _ => {}
            }
        }
    }
    (opens, closes)
}

#[tokio::test]
async fn every_request_ends_exactly_once_however_often_the_gateway_crashes() {
    let (dir, mut rig) = journal(60).await;
    let whole = std::fs::read(only_file(dir.path())).unwrap();
    for cut in (200..whole.len()).step_by(whole.len() / 7) {
        let path = only_file(dir.path());
        std::fs::write(&path, &whole[..cut]).unwrap();
        let mut folder = crash_copy(dir.path());
        let (before, _) = ends(folder.path());
        // Crash again while the first recovery has just begun, and once more after it.
        for _ in 0..3 {
            rig.config.dir = folder.path().to_owned();
            let spool = rig.start();
            serve(&spool, 1000).await.unwrap();
            let copy = crash_copy(folder.path());
            shut(spool).await;
            folder = copy;
            let (opens, closes) = ends(folder.path());
            let closed: Vec<_> = closes.iter().map(|close| close.request_id).collect();
            let distinct: BTreeSet<_> = closed.iter().copied().collect();
            assert!(before.iter().all(|open| distinct.contains(open)), "cut at {cut}: an end is missing");
            assert!(opens.iter().all(|open| distinct.contains(open)));
            let again = closed.iter().filter(|id| **id != request(1000).request_id).count();
            assert_eq!(again, distinct.len() - 1, "cut at {cut}: an end is there twice");
        }
    }
}

#[tokio::test]
async fn a_request_the_gateway_died_in_is_lost_visibly_at_the_amount_held() {
    let (fake, archive) = FakeArchive::serve().await;
    let dir = tempfile::tempdir().unwrap();
    let mut rig = Rig::new(dir.path(), archive);
    let spool = rig.start();
    spool.open(open(7)).await.unwrap();
    assert_eq!(spool.holds()[0].amount, Money::from_nano(70));
    let copy = crash_copy(dir.path());
    rig.config.dir = copy.path().to_owned();
    let next = rig.start();
    until(&next, |status| status.delivered == 1).await;
    assert_eq!((next.status().lost, next.holds().len()), (1, 0));
    let (_, closes) = ends(copy.path());
    assert_eq!(closes[0].outcome.name(), "lost");
    assert_eq!(closes[0].calls[0].usage.source.name(), "estimated");
    assert_eq!(
        (closes[0].calls[0].charge.total, closes[0].calls[0].billed),
        (Money::from_nano(70), Money::ZERO)
    );
    assert_eq!(rig.books.cost(), 70);
    assert_eq!(fake.rows("llm_calls").len(), 1);
    shut(next).await;
}

#[tokio::test]
async fn damage_in_the_middle_is_set_aside_and_everything_around_it_arrives() {
    let (dir, mut rig) = journal(100).await;
    let (fake, archive) = FakeArchive::serve().await;
    rig.archive = archive;
    let path = only_file(dir.path());
    let mut bytes = std::fs::read(&path).unwrap();
    let contents = segment::read(&bytes, &path).unwrap();
    let close = |frame: &&crate::spool::frame::Frame<'_>| frame.kind == Kind::Close;
    let hit = contents.scan.frames.iter().filter(close).nth(40).unwrap();
    let lost = markers(hit.payload)[0];
    let at = (hit.at + hit.end) / 2;
    bytes[at] ^= 0x10;
    std::fs::write(&path, &bytes).unwrap();
    let spool = rig.start();
    until(&spool, |status| status.archive_lag == 0 && status.delivered >= 100).await;
    assert_eq!(spool.status().quarantined, 1);
    let rows = fake.rows("llm_calls");
    let expected: BTreeMap<u64, u32> = (0..100).map(|n| (n, 1)).collect();
    // The row itself is gone; its request, whose beginning is intact, is there as lost.
    assert_eq!(rows, expected);
    let (_, closes) = ends(dir.path());
    let of_lost: Vec<_> =
        closes.iter().filter(|close| close.customer.as_str() == format!("<{lost}>")).collect();
    assert_eq!(of_lost.iter().map(|close| close.outcome.name()).collect::<Vec<_>>(), ["lost"]);
    shut(spool).await;
    assert!(
        segment::list(dir.path()).unwrap().iter().any(|(_, _, damaged)| *damaged),
        "kept to be looked into"
    );
    let again = rig.start();
    until(&again, |status| status.archive_lag == 0).await;
    assert_eq!(fake.rows("llm_calls"), expected);
    shut(again).await;
}

#[tokio::test]
async fn requests_open_for_long_do_not_hold_back_old_files_and_survive_a_crash() {
    let dir = tempfile::tempdir().unwrap();
    let (fake, archive) = FakeArchive::serve().await;
    let mut rig = Rig::new(dir.path(), archive);
    rig.config.retain_seconds = 0;
    let spool = rig.start();
    spool.open(open(5000)).await.unwrap();
    for n in 0..400 {
        serve(&spool, n).await.unwrap();
    }
    until(&spool, |status| status.archive_lag + status.books_lag == 0).await;
    spool.threads.shared.shelf.tidy_up(START_US);
    let files = segment::list(dir.path()).unwrap();
    assert_eq!(files.len(), 1, "delivered files are gone although a request from the first is open");
    let copy = crash_copy(dir.path());
    rig.config.dir = copy.path().to_owned();
    let next = rig.start();
    fake.until(|seen| seen.rows["llm_calls"].contains_key(&5000)).await;
    assert_eq!(next.status().lost, 1);
    shut(next).await;
}

#[test]
fn a_journal_of_another_format_is_left_to_the_version_that_wrote_it() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(segment::path(dir.path(), 1), b"WEIRSPL\xfe and more").unwrap();
    assert!(matches!(recover(dir.path(), &NOTHING_DONE), Err(SpoolError::Format { found: 0xfe, .. })));
}

#[tokio::test]
async fn a_folder_belongs_to_one_gateway() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::new(dir.path(), ArchiveConfig::default());
    let _running = rig.start();
    let second = Spool::start(
        rig.config.clone(),
        ArchiveConfig::default(),
        "gw".into(),
        "life".into(),
        Arc::<StillClock>::clone(&rig.clock),
        Arc::<FakeBooks>::clone(&rig.books),
        Arc::new(|_| String::new()),
    );
    assert!(matches!(second, Err(SpoolError::Locked(_))));
}
