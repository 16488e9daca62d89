//! From close to archive and books: once, in order, whatever goes wrong on the way.

use std::sync::atomic::Ordering::SeqCst;

use super::*;
use crate::spool::dead::{self, DeadRow};
use crate::spool::{frame, segment};

fn once(range: std::ops::Range<u64>) -> BTreeMap<u64, u32> {
    range.map(|n| (n, 1)).collect()
}

#[tokio::test]
async fn an_answered_request_is_in_the_archive_and_in_the_books_exactly_once() {
    let dir = tempfile::tempdir().unwrap();
    let (fake, archive) = FakeArchive::serve().await;
    let rig = Rig::new(dir.path(), archive);
    let spool = rig.start();
    for n in 0..300 {
        serve(&spool, n).await.unwrap();
    }
    assert!(spool.holds().is_empty());
    shut(spool.clone()).await;
    assert_eq!(fake.rows("llm_calls"), once(0..300));
    assert_eq!(fake.rows("llm_bodies"), once(0..300));
    assert_eq!(rig.books.cost(), (0..300).sum::<i64>());
    let status = spool.status();
    assert_eq!((status.delivered, status.archive_lag, status.books_lag, status.queue_bytes), (300, 0, 0, 0));
    assert!(matches!(serve(&spool, 1).await, Err(SpoolError::Stopped)));
}

#[tokio::test]
async fn a_lost_answer_and_an_absent_archive_double_nothing_and_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (fake, archive) = FakeArchive::serve().await;
    fake.lose_answers.store(5, SeqCst);
    let spool = Rig::new(dir.path(), archive).start();
    for n in 0..100 {
        fake.down.store((30..60).contains(&n), SeqCst);
        serve(&spool, n).await.unwrap();
    }
    shut(spool.clone()).await;
    assert_eq!((fake.rows("llm_calls"), fake.rows("llm_bodies")), (once(0..100), once(0..100)));
    assert!(spool.status().retries >= 5);
    assert_eq!(spool.status().archive_error, "");
}

#[tokio::test]
async fn a_stop_between_insert_and_checkpoint_resends_the_same_batches_under_the_same_tokens() {
    let dir = tempfile::tempdir().unwrap();
    let (fake, archive) = FakeArchive::serve().await;
    let mut rig = Rig::new(dir.path(), archive);
    let spool = rig.start();
    for n in 0..60 {
        serve(&spool, n).await.unwrap();
    }
    shut(spool).await;
    let first = fake.seen.lock().unwrap().inserts.clone();
    let copy = crash_copy(dir.path());
    std::fs::remove_file(copy.path().join("archive.checkpoint")).unwrap();
    rig.config.dir = copy.path().to_owned();
    shut(rig.start()).await;
    let all = fake.seen.lock().unwrap().inserts.clone();
    assert_eq!(all[first.len()..], first, "the same rows, the same tokens, the same order");
    assert_eq!(fake.rows("llm_calls"), once(0..60));
}

#[tokio::test]
async fn poison_rows_are_set_aside_and_the_rest_of_their_batch_arrives() {
    let dir = tempfile::tempdir().unwrap();
    let (fake, archive) = FakeArchive::serve().await;
    fake.poison.lock().unwrap().extend([3, 17]);
    let mut rig = Rig::new(dir.path(), archive);
    rig.pace.limits.rows = 40;
    let spool = rig.start();
    for n in 0..40 {
        spool.close(Closing { record: Box::new(request(n)), bodies: Vec::new() }).await.unwrap();
    }
    shut(spool.clone()).await;
    let mut expected = once(0..40);
    expected.retain(|n, _| ![3, 17].contains(n));
    assert_eq!(fake.rows("llm_calls"), expected);
    assert_eq!((spool.status().dead, spool.status().archive_lag), (2, 0));
    assert_eq!(rig.books.cost(), (0..40).sum::<i64>(), "the books have them all the same");
    let bytes = std::fs::read(dir.path().join(dead::FILE)).unwrap();
    let row: DeadRow = frame::read(&bytes, 0, 0).unwrap().record().unwrap();
    let record: RequestRecord = postcard::from_bytes(&row.record).unwrap();
    assert_eq!(markers(record.customer.as_str().as_bytes()), [3]);
    assert!(row.error.contains("INCORRECT_DATA"));
}

#[tokio::test]
async fn an_archive_that_refuses_every_row_is_waited_for_instead_of_emptying_the_spool_into_the_dead() {
    let dir = tempfile::tempdir().unwrap();
    let (fake, archive) = FakeArchive::serve().await;
    *fake.poison.lock().unwrap() = (0..20).collect();
    let mut rig = Rig::new(dir.path(), archive);
    rig.pace.limits.rows = 20;
    rig.pace.seal_age = Duration::from_secs(3600);
    let spool = rig.start();
    for n in 0..21 {
        spool.close(Closing { record: Box::new(request(n)), bodies: Vec::new() }).await.unwrap();
    }
    until(&spool, |status| status.archive_error.contains("refuses every row")).await;
    assert_eq!(spool.status().dead, 0);
    // Mended between two lives: mended in the middle of a try, the rows refused before that moment would be poison.
    spool.shutdown(Duration::ZERO).await;
    fake.poison.lock().unwrap().clear();
    shut(rig.start()).await;
    assert_eq!(fake.rows("llm_calls"), once(0..21));
}

#[tokio::test]
async fn nothing_is_sent_to_tables_of_another_version() {
    let dir = tempfile::tempdir().unwrap();
    let (fake, archive) = FakeArchive::serve().await;
    fake.version.store(ARCHIVE_VERSION + 1, SeqCst);
    let spool = Rig::new(dir.path(), archive).start();
    serve(&spool, 1).await.unwrap();
    until(&spool, |status| status.archive_error.contains("start the control plane")).await;
    assert!(fake.seen.lock().unwrap().inserts.is_empty());
    fake.version.store(ARCHIVE_VERSION, SeqCst);
    shut(spool).await;
    assert_eq!(fake.rows("llm_calls"), once(1..2));
}

#[tokio::test]
async fn an_old_batch_of_unknown_fate_is_asked_for_before_it_is_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let (fake, archive) = FakeArchive::serve().await;
    let mut rig = Rig::new(dir.path(), archive);
    let spool = rig.start();
    serve(&spool, 1).await.unwrap();
    shut(spool).await;
    let copy = crash_copy(dir.path());
    std::fs::remove_file(copy.path().join("archive.checkpoint")).unwrap();
    rig.config.dir = copy.path().to_owned();
    rig.clock.0.fetch_add(31 * 60 * 1_000_000, SeqCst);
    let before = fake.seen.lock().unwrap().inserts.iter().filter(|insert| insert.0 == "llm_calls").count();
    shut(rig.start()).await;
    let seen = fake.seen.lock().unwrap();
    assert!(seen.asked > 0);
    assert_eq!(seen.inserts.iter().filter(|insert| insert.0 == "llm_calls").count(), before);
}

#[tokio::test]
async fn no_file_is_released_before_the_books_have_it() {
    let dir = tempfile::tempdir().unwrap();
    let (fake, archive) = FakeArchive::serve().await;
    let mut rig = Rig::new(dir.path(), archive);
    rig.config.retain_seconds = 0;
    rig.books.closed.store(true, SeqCst);
    let spool = rig.start();
    for n in 0..400 {
        serve(&spool, n).await.unwrap();
    }
    until(&spool, |status| status.archive_lag == 0).await;
    let files = segment::list(dir.path()).unwrap().len();
    assert!(files > 2, "the journal must have gone over several files, it has {files}");
    assert!(spool.status().books_lag > 0 && spool.status().books_error.contains("away"));
    rig.books.closed.store(false, SeqCst);
    shut(spool).await;
    assert!(segment::list(dir.path()).unwrap().len() <= 1);
    assert_eq!(rig.books.cost(), (0..400).sum::<i64>());
    assert_eq!(fake.rows("llm_calls"), once(0..400));
}
