//! The journal's bytes: `len u32 | crc32c u32 | kind u8 | seq u64 | payload`, little-endian.
//!
//! The checksum covers length, kind, sequence and payload and is salted per file: text that looks like a frame inside
//! someone's prompt is not one. A length of zero is where writing stopped, because files are allocated as zeros.

use std::ops::Range;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Bytes before the payload.
pub(super) const HEADER: usize = 17;

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `OpenRecord`.
    Open = 1,
    /// `RequestRecord`.
    Close = 2,
    /// `BodyRecord`, compressed: raw length `u32`, then LZ4.
    Body = 3,
    /// `Seal`: the end of a batch.
    Seal = 4,
    /// `GapRecord`.
    Gap = 5,
    /// `Vec<RequestId>`: requests whose end is counted in a gap.
    Void = 6,
    /// `segment::Header`.
    Header = 7,
    /// `dead::DeadRow`.
    Dead = 8,
}

impl Kind {
    const ALL: [Self; 8] =
        [Self::Open, Self::Close, Self::Body, Self::Seal, Self::Gap, Self::Void, Self::Header, Self::Dead];

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }

    /// Whether the frame makes rows, and so counts into its batch's checksum.
    pub(super) fn makes_rows(self) -> bool {
        matches!(self, Self::Close | Self::Body | Self::Gap)
    }
}

/// A frame as it stands in a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'a> {
    /// Offset of its first byte.
    pub(super) at: usize,
    /// Offset after its last byte.
    pub(super) end: usize,
    pub(super) kind: Kind,
    pub(super) seq: u64,
    pub(super) payload: &'a [u8],
    /// The frame's own checksum; a batch's is made of these.
    pub(super) crc: u32,
}

impl Frame<'_> {
    /// The payload as a record; `None` when it is not one of that shape.
    pub(super) fn record<T: DeserializeOwned>(&self) -> Option<T> {
        postcard::from_bytes(self.payload).ok()
    }

    /// The first field of the record, without reading the rest.
    pub(super) fn first_field<T: DeserializeOwned>(&self) -> Option<T> {
        postcard::take_from_bytes(self.payload).ok().map(|(field, _)| field)
    }
}

/// Appends a record as a frame and returns the frame's checksum. On error nothing is appended.
pub(super) fn append<T: Serialize>(
    buffer: &mut Vec<u8>,
    salt: u32,
    kind: Kind,
    seq: u64,
    record: &T,
) -> Result<u32, postcard::Error> {
    let start = buffer.len();
    buffer.resize(start + HEADER, 0);
    if let Err(error) = postcard::to_io(record, &mut *buffer) {
        buffer.truncate(start);
        return Err(error);
    }
    Ok(finish(buffer, start, salt, kind, seq))
}

/// Appends a ready payload as a frame and returns the frame's checksum.
pub(super) fn append_payload(buffer: &mut Vec<u8>, salt: u32, kind: Kind, seq: u64, payload: &[u8]) -> u32 {
    let start = buffer.len();
    buffer.resize(start + HEADER, 0);
    buffer.extend_from_slice(payload);
    finish(buffer, start, salt, kind, seq)
}

fn finish(buffer: &mut [u8], start: usize, salt: u32, kind: Kind, seq: u64) -> u32 {
    let frame = &mut buffer[start..];
    let len = u32::try_from(frame.len() - HEADER).unwrap_or(u32::MAX);
    frame[0..4].copy_from_slice(&len.to_le_bytes());
    frame[8] = kind as u8;
    frame[9..17].copy_from_slice(&seq.to_le_bytes());
    let crc = checksum(salt, frame);
    frame[4..8].copy_from_slice(&crc.to_le_bytes());
    crc
}

fn checksum(salt: u32, frame: &[u8]) -> u32 {
    let crc = crc32c::crc32c_append(salt, &frame[0..4]);
    crc32c::crc32c_append(crc, &frame[8..])
}

/// Continues a batch's checksum with a frame's.
pub(super) fn chain(crc: u32, frame_crc: u32) -> u32 {
    crc32c::crc32c_append(crc, &frame_crc.to_le_bytes())
}

/// The frame at that offset; `None` when there is no intact one.
pub(super) fn read(bytes: &[u8], at: usize, salt: u32) -> Option<Frame<'_>> {
    let header = bytes.get(at..at.checked_add(HEADER)?)?;
    let len = u32::from_le_bytes(header[0..4].try_into().ok()?);
    let crc = u32::from_le_bytes(header[4..8].try_into().ok()?);
    let kind = Kind::from_byte(header[8])?;
    let seq = u64::from_le_bytes(header[9..17].try_into().ok()?);
    let end = at.checked_add(HEADER)?.checked_add(usize::try_from(len).ok()?)?;
    let frame = bytes.get(at..end)?;
    (len > 0 && checksum(salt, frame) == crc).then(|| Frame {
        at,
        end,
        kind,
        seq,
        payload: &frame[HEADER..],
        crc,
    })
}

/// What a file's bytes hold.
#[derive(Debug, Default)]
pub(super) struct Scan<'a> {
    /// Every intact frame, in order.
    pub(super) frames: Vec<Frame<'a>>,
    /// Damage with intact frames behind it.
    pub(super) damage: Vec<Range<usize>>,
    /// Where the last intact frame ends.
    pub(super) tail: usize,
    /// Whether something unfinished stands behind the tail.
    pub(super) torn: bool,
}

/// How far apart the sequence numbers of frames around damage may be.
const SEQ_JUMP_MAX: u64 = 1 << 32;

/// Reads all frames from that offset on, going around damage.
pub(super) fn scan(bytes: &[u8], from: usize, salt: u32, first_seq: u64) -> Scan<'_> {
    // Frames are some hundred bytes long: room for about as many spares moving them again and again.
    let frames = Vec::with_capacity(bytes.len().saturating_sub(from) / 512);
    let mut scan = Scan { frames, tail: from, ..Scan::default() };
    let mut next_seq = first_seq;
    loop {
        let at = scan.tail;
        let follows = |frame: &Frame<'_>| frame.seq >= next_seq && frame.seq - next_seq < SEQ_JUMP_MAX;
        let frame = match read(bytes, at, salt).filter(follows) {
            Some(frame) => frame,
            None if is_end(bytes, at) => return scan,
            None => match resume(bytes, at, salt, follows) {
                Some(frame) => {
                    scan.damage.push(at..frame.at);
                    frame
                }
                None => {
                    scan.torn = true;
                    return scan;
                }
            },
        };
        next_seq = frame.seq + 1;
        scan.tail = frame.end;
        scan.frames.push(frame);
    }
}

fn is_end(bytes: &[u8], at: usize) -> bool {
    bytes.get(at..).is_none_or(|rest| rest.iter().all(|byte| *byte == 0))
}

/// The next intact frame after damage: first where the damaged one says it ends, then anywhere.
fn resume<'a>(
    bytes: &'a [u8],
    at: usize,
    salt: u32,
    follows: impl Fn(&Frame<'_>) -> bool,
) -> Option<Frame<'a>> {
    let said_end = bytes
        .get(at..at + 4)
        .and_then(|len| len.try_into().ok())
        .and_then(|len| usize::try_from(u32::from_le_bytes(len)).ok())
        .and_then(|len| at.checked_add(HEADER)?.checked_add(len));
    let said = said_end.and_then(|end| read(bytes, end, salt)).filter(&follows);
    // Kind is checked before the checksum is computed, so that looking everywhere stays cheap.
    said.or_else(|| (at + 1..bytes.len()).find_map(|at| read(bytes, at, salt).filter(&follows)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SALT: u32 = 77;

    fn journal(payloads: &[Vec<u8>]) -> (Vec<u8>, Vec<usize>) {
        let mut bytes = Vec::new();
        let mut ends = vec![0];
        for (seq, payload) in payloads.iter().enumerate() {
            append_payload(&mut bytes, SALT, Kind::Close, seq as u64, payload);
            ends.push(bytes.len());
        }
        (bytes, ends)
    }

    fn payloads() -> impl Strategy<Value = Vec<Vec<u8>>> {
        proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..60), 1..8)
    }

    fn found(scan: &Scan<'_>) -> Vec<Vec<u8>> {
        scan.frames.iter().map(|frame| frame.payload.to_vec()).collect()
    }

    proptest! {
        #[test]
        fn a_tail_torn_at_any_byte_costs_only_the_frame_it_tears(payloads in payloads(), zeros in 0..40_usize) {
            let (bytes, ends) = journal(&payloads);
            for cut in 0..=bytes.len() {
                let mut torn = bytes[..cut].to_vec();
                torn.resize(cut + zeros, 0);
                let whole = ends.iter().filter(|end| **end <= cut).count() - 1;
                let scan = scan(&torn, 0, SALT, 0);
                // Zeros behind a cut payload may happen to be the payload's own last bytes.
                prop_assert!(scan.frames.len() == whole || payloads[whole].ends_with(&[0]));
                prop_assert_eq!(&found(&scan)[..whole], &payloads[..whole]);
                prop_assert!(scan.damage.is_empty());
            }
        }

        #[test]
        fn a_flipped_bit_costs_only_its_frame(payloads in payloads(), place in any::<prop::sample::Index>(), bit in 0..8_u8) {
            let (mut bytes, ends) = journal(&payloads);
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
            let hit = ends.iter().rposition(|end| *end <= place).unwrap();
            let scan = scan(&bytes, 0, SALT, 0);
            let mut rest = payloads.clone();
            rest.remove(hit);
            prop_assert_eq!(found(&scan), rest);
            prop_assert_eq!(scan.damage.len(), usize::from(hit + 1 < payloads.len()));
            prop_assert_eq!(scan.torn, hit + 1 == payloads.len());
        }
    }

    #[test]
    fn a_frame_inside_a_payload_is_not_taken_for_one() {
        let mut inner = Vec::new();
        append_payload(&mut inner, 0, Kind::Close, 5, b"forged");
        let (mut bytes, _) = journal(&[b"first".to_vec(), inner, b"last".to_vec()]);
        let length_of_second = HEADER + 5;
        bytes[length_of_second + 2] ^= 1;
        let scan = scan(&bytes, 0, SALT, 0);
        assert_eq!(found(&scan), [b"first".to_vec(), b"last".to_vec()]);
    }
}
