//! The promises of the event-stream readers: any split, any line end, every byte.

use bytes::Bytes;
use proptest::prelude::*;

use super::*;

type Seen = (String, String);

fn events(pieces: &[&[u8]]) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut decoder = SseDecoder::default();
    let mut note = |event: Event<'_>| {
        seen.push((event.name.to_owned(), String::from_utf8_lossy(&event.data).into_owned()));
    };
    for piece in pieces {
        decoder.push(piece, &mut note).unwrap();
    }
    decoder.finish(&mut note);
    seen
}

fn one(data: &str) -> Seen {
    (String::new(), data.to_owned())
}

fn cut<'a>(bytes: &'a [u8], places: &[usize]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = places.iter().map(|place| place % (bytes.len() + 1)).collect();
    places.extend([0, bytes.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

#[test]
fn all_line_ends_comments_and_spellings_are_read() {
    for end in ["\n", "\r\n", "\r"] {
        let stream = "\u{feff}data: a\n\n: comment\n\n:x\ndata:b\ndata: c\n\nevent: error\ndata:  d\nid: 1\n\ndata\n\nretry: 5\n\n"
            .replace('\n', end);
        let expected = [one("a"), one("b\nc"), ("error".to_owned(), " d".to_owned()), one("")];
        assert_eq!(events(&[stream.as_bytes()]), expected, "{end:?}");
    }
}

#[test]
fn the_last_event_counts_also_without_a_blank_line() {
    assert_eq!(events(&[b"data: a\n\ndata: [DONE]"]), [one("a"), one("[DONE]")]);
}

#[test]
fn an_event_ended_by_a_lone_return_is_given_at_once() {
    let mut seen = 0;
    SseDecoder::default().push(b"data: a\r\r", |_| seen += 1).unwrap();
    assert_eq!(seen, 1);
}

#[test]
fn an_event_in_one_chunk_is_not_copied() {
    let chunk = Bytes::from_static(b"data: a\n\ndata: b\n\nda");
    let mut frames = Frames::default();
    let mut given = Vec::new();
    frames.push(&chunk, |frame| given.push(frame)).unwrap();
    assert_eq!(given.len(), 2);
    assert_eq!(given[1].bytes.as_ptr(), chunk[9..].as_ptr());
    assert_eq!(frames.rest().unwrap().bytes, "da");
}

#[test]
fn a_line_or_event_beyond_its_bound_is_refused_and_no_byte_of_it_lost() {
    let limits = SseLimits { line_bytes_max: 8, event_bytes_max: 20 };
    let mut frames = Frames::new(limits);
    let mut kept = Vec::new();
    frames.push(&Bytes::from_static(b"data: 12\n"), |_| ()).unwrap();
    let refused = frames.push(&Bytes::from_static(b"\ndata: 345\n\n"), |frame| kept.push(frame.bytes));
    assert_eq!(refused, Err(SseError::LineTooLong(8)));
    assert_eq!(frames.rest().unwrap().bytes, "data: 345\n\n");
    assert_eq!(kept, ["data: 12\n\n"]);

    let mut decoder = SseDecoder::new(limits);
    let mut outcome = Ok(());
    for _ in 0..4 {
        outcome = outcome.and(decoder.push(b"data:\n", |_| ()));
    }
    assert_eq!(outcome, Err(SseError::EventTooLong(20)));
}

proptest! {
    #[test]
    fn any_split_gives_the_same_events_and_every_byte(
        stream in "(data: ?[a-z:é]{0,5}|event: x|: c|\n|\r|\r\n|\r\n\r\n|\n\n){0,24}",
        places in prop::collection::vec(0usize..512, 0..12),
    ) {
        let whole = events(&[stream.as_bytes()]);
        let pieces = cut(stream.as_bytes(), &places);
        prop_assert_eq!(&events(&pieces), &whole);

        let mut frames = Frames::default();
        let (mut joined, mut found) = (Vec::new(), Vec::new());
        let mut take = |frame: Frame| {
            joined.extend_from_slice(&frame.bytes);
            let event = frame.event();
            if event.has_data {
                found.push((event.name.to_owned(), String::from_utf8_lossy(&event.data).into_owned()));
            }
        };
        for piece in pieces {
            frames.push(&Bytes::copy_from_slice(piece), &mut take).unwrap();
        }
        frames.rest().into_iter().for_each(&mut take);
        prop_assert_eq!(joined, stream.as_bytes());
        prop_assert_eq!(found, whole);
    }
}
