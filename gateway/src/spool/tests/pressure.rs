//! Without room: bodies go first, then the configuration decides, and every request is still counted.

use std::sync::atomic::Ordering::SeqCst;

use super::*;
use crate::spool::{Durability, WhenFull};

#[tokio::test]
async fn a_filling_disk_sheds_bodies_first_and_says_so_in_the_rows() {
    let dir = tempfile::tempdir().unwrap();
    let mut rig = Rig::new(dir.path(), ArchiveConfig::default());
    rig.config.bytes_max = rig.config.segment_bytes * 8;
    rig.pace.limits.rows = 200;
    let spool = rig.start();
    let mut n = 0;
    while spool.status().shed == 0 {
        serve(&spool, n).await.unwrap();
        n += 1;
        assert!(n < 5000, "nothing was ever shed");
    }
    let used = spool.threads.shared.shelf.undelivered_bytes();
    assert!(used >= rig.config.bytes_max * 8 / 10 && used < rig.config.bytes_max, "{used}");
    assert!(!spool.status().full, "rows still have room");
    assert_eq!(spool.status().shed_by_workspace, [("ws".into(), 1)]);
    // Only bodies were left out: the archive gets every row once there is one.
    spool.shutdown(Duration::from_millis(1)).await;
    let (fake, archive) = FakeArchive::serve().await;
    rig.archive = archive;
    shut(rig.start()).await;
    assert_eq!(fake.rows("llm_calls").len() as u64, n);
    assert_eq!(fake.rows("llm_bodies").len() as u64, n - 1);
}

#[tokio::test]
async fn a_full_queue_sheds_bodies() {
    let dir = tempfile::tempdir().unwrap();
    let mut rig = Rig::new(dir.path(), ArchiveConfig::default());
    rig.config.queue_bytes_max = 1 << 20;
    let spool = rig.start();
    let huge = Bodies { request: Bytes::from(vec![0; 2 << 20]), ..bodies(1) };
    spool.close(Closing { record: Box::new(request(1)), bodies: vec![huge] }).await.unwrap();
    assert_eq!(spool.status().shed, 1);
    serve(&spool, 2).await.unwrap();
    assert_eq!(spool.status().shed, 1);
}

#[tokio::test]
async fn a_full_disk_refuses_requests_when_told_to_and_still_writes_the_ends_of_those_in_flight() {
    let dir = tempfile::tempdir().unwrap();
    let (fake, archive) = FakeArchive::serve().await;
    let mut rig = Rig::new(dir.path(), archive);
    rig.config.when_full = WhenFull::Reject;
    let spool = rig.start();
    spool.open(open(1)).await.unwrap();
    rig.disk.full.store(true, SeqCst);
    assert!(matches!(spool.open(open(2)).await, Err(SpoolError::Full(_))));
    assert!(spool.admission().is_err());
    let end = spool.close(Closing { record: Box::new(request(1)), bodies: vec![bodies(1)] }).await;
    assert!(matches!(end, Err(SpoolError::Full(_))), "not written, and said so");
    rig.disk.full.store(false, SeqCst);
    until(&spool, |status| !status.full && status.written == 1).await;
    assert!(spool.admission().is_ok());
    serve(&spool, 3).await.unwrap();
    shut(spool).await;
    assert_eq!(fake.rows("llm_calls"), BTreeMap::from([(1, 1), (3, 1)]));
}

#[tokio::test]
async fn a_full_disk_serves_when_told_to_and_money_still_ties_out() {
    let dir = tempfile::tempdir().unwrap();
    let mut rig = Rig::new(dir.path(), ArchiveConfig::default());
    rig.config.segment_bytes = 8 << 20;
    rig.pace.retry = Duration::from_millis(100);
    rig.config.bytes_max = 64 << 20;
    let spool = rig.start();
    spool.open(open(0)).await.unwrap();
    rig.disk.full.store(true, SeqCst);
    // More than are kept whole: the rest is summed. The first has its beginning on disk.
    let total = 5200_u64;
    for n in (1..total).chain([0]) {
        spool.open(open(n)).await.unwrap();
        spool.close(Closing { record: Box::new(request(n)), bodies: Vec::new() }).await.unwrap();
    }
    let status = spool.status();
    assert!(status.full && status.gaps > 1000 && spool.admission().is_ok());
    rig.disk.full.store(false, SeqCst);
    until(&spool, |status| !status.full).await;
    assert!(spool.holds().is_empty(), "what a gap counts is no longer open");
    shut(spool).await;
    assert_eq!(rig.books.cost(), (0..total.cast_signed()).sum::<i64>());
    let requests: u64 = rig
        .books
        .posted
        .lock()
        .unwrap()
        .iter()
        .flat_map(|batch| &batch.lines)
        .map(|line| line.requests)
        .sum();
    assert_eq!(requests, total);
    let again = rig.start();
    assert_eq!(again.status().lost, 0, "no request is both counted in a gap and reported lost");
    shut(again).await;
}

#[tokio::test]
async fn a_spool_that_reached_its_limit_makes_room_as_soon_as_the_archive_takes_batches() {
    let dir = tempfile::tempdir().unwrap();
    let (fake, archive) = FakeArchive::serve().await;
    fake.down.store(true, SeqCst);
    let mut rig = Rig::new(dir.path(), archive);
    rig.config.bytes_max = rig.config.segment_bytes * 4;
    rig.config.when_full = WhenFull::Reject;
    let spool = rig.start();
    let mut n = 0;
    while serve(&spool, n).await.is_ok() {
        n += 1;
        assert!(n < 5000, "the limit was never reached");
    }
    fake.down.store(false, SeqCst);
    until(&spool, |status| !status.full).await;
    serve(&spool, 9999).await.unwrap();
    shut(spool).await;
    let rows = fake.rows("llm_calls");
    assert!((0..n).chain([9999]).all(|n| rows.get(&n) == Some(&1)), "what was answered arrived once");
}

#[tokio::test]
async fn strict_durability_waits_for_the_medium_and_relaxed_does_not() {
    for (durability, confirmed) in [(Durability::Strict, false), (Durability::Relaxed, true)] {
        let dir = tempfile::tempdir().unwrap();
        let mut rig = Rig::new(dir.path(), ArchiveConfig::default());
        rig.config.durability = durability;
        rig.config.when_full = WhenFull::Reject;
        let spool = rig.start();
        rig.disk.unsynced.store(true, SeqCst);
        assert_eq!(serve(&spool, 1).await.is_ok(), confirmed, "{durability:?}");
        rig.disk.unsynced.store(false, SeqCst);
        until(&spool, |status| !status.full).await;
        serve(&spool, 2).await.unwrap();
        shut(spool).await;
        // A request whose beginning was not confirmed was never admitted.
        assert_eq!(rig.books.cost(), if confirmed { 3 } else { 2 });
    }
}
