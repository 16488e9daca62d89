//! ClickHouse's native compressed blocks (`decompress=1` in, `compress=1` out): checksum, method, sizes, LZ4 data.

use bytes::{Buf, Bytes, BytesMut};

use crate::exception::Exception;

const CHECKSUM_BYTES: usize = 16;
const HEAD_BYTES: usize = 9; // method and the two sizes; the compressed size counts them
const LZ4: u8 = 0x82;
/// The largest block believed: what a server accepts too, and a bound for memory named by a client.
const BLOCK_BYTES_MAX: usize = 1 << 30;
const OUT_BLOCK_BYTES: usize = 1 << 20;

/// Puts blocks together from a body that arrives in pieces of any size.
#[derive(Default)]
pub(crate) struct BlockReader {
    buffer: BytesMut,
}

impl BlockReader {
    /// Adds the next piece of the body.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        self.buffer.extend_from_slice(piece);
    }

    /// The next whole block's content, or `None` until more has arrived.
    ///
    /// # Errors
    /// 271 for a block that is no LZ4 or does not unpack, 40 for a wrong checksum.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, Exception> {
        let mut head = self.buffer.get(CHECKSUM_BYTES..CHECKSUM_BYTES + HEAD_BYTES).unwrap_or_default();
        if head.is_empty() {
            return Ok(None);
        }
        let method = head.get_u8();
        let (packed, unpacked) = (head.get_u32_le() as usize, head.get_u32_le() as usize);
        if method != LZ4 || packed < HEAD_BYTES || packed.max(unpacked) > BLOCK_BYTES_MAX {
            return Err(broken("is not an LZ4 block of this interface"));
        }
        if self.buffer.len() < CHECKSUM_BYTES + packed {
            return Ok(None);
        }
        let block = self.buffer.split_to(CHECKSUM_BYTES + packed);
        let (checksum, rest) = block.split_at(CHECKSUM_BYTES);
        if checksum != checksum_of(rest) && checksum != swapped(checksum_of(rest)) {
            return Err(Exception::new(
                40,
                "CHECKSUM_DOESNT_MATCH",
                "A compressed block has a wrong checksum",
            ));
        }
        let data = rest.get(HEAD_BYTES..).unwrap_or_default();
        let content = lz4_flex::block::decompress(data, unpacked).map_err(|_| broken("does not unpack"))?;
        Ok(Some(content.into()))
    }

    /// Says whether the body ended between two blocks.
    ///
    /// # Errors
    /// 271 when it ended inside one.
    pub(crate) fn finish(&self) -> Result<(), Exception> {
        if self.buffer.is_empty() { Ok(()) } else { Err(broken("is cut short")) }
    }
}

/// Packs `content` into blocks.
pub(crate) fn pack(content: &[u8]) -> Bytes {
    let mut out = Vec::new();
    for part in content.chunks(OUT_BLOCK_BYTES) {
        let packed = lz4_flex::block::compress(part);
        let mut block = Vec::with_capacity(HEAD_BYTES + packed.len());
        block.push(LZ4);
        for size in [packed.len() + HEAD_BYTES, part.len()] {
            block.extend_from_slice(&u32::try_from(size).unwrap_or(u32::MAX).to_le_bytes());
        }
        block.extend_from_slice(&packed);
        out.extend_from_slice(&checksum_of(&block));
        out.extend_from_slice(&block);
    }
    out.into()
}

/// CityHash128 of version 1.0.2, its upper half first, as the server writes it.
fn checksum_of(block: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let hash = cityhash_rs::cityhash_102_128(block);
    let (upper, lower) = ((hash >> 64) as u64, hash as u64);
    let mut bytes = [0; CHECKSUM_BYTES];
    bytes[..8].copy_from_slice(&upper.to_le_bytes());
    bytes[8..].copy_from_slice(&lower.to_le_bytes());
    bytes
}

/// The other order of the halves, which some clients write.
fn swapped(mut bytes: [u8; CHECKSUM_BYTES]) -> [u8; CHECKSUM_BYTES] {
    bytes.rotate_left(8);
    bytes
}

fn broken(what: &str) -> Exception {
    Exception::new(271, "CANNOT_DECOMPRESS", format!("The compressed body {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_survive_any_cut_of_the_body() {
        let content: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
        let packed = pack(&content);
        let mut reader = BlockReader::default();
        let mut found = Vec::new();
        for piece in packed.chunks(4097) {
            reader.push(piece);
            while let Some(part) = reader.next().unwrap() {
                found.extend_from_slice(&part);
            }
        }
        reader.finish().unwrap();
        assert!(found == content);
    }

    #[test]
    fn a_flipped_byte_and_a_cut_block_are_errors() {
        let packed = pack(b"hello hello hello");
        let mut broken = packed.to_vec();
        broken[26] ^= 1;
        let mut reader = BlockReader::default();
        reader.push(&broken);
        assert!(reader.next().is_err());
        let mut reader = BlockReader::default();
        reader.push(&packed[..packed.len() - 1]);
        assert!(reader.next().unwrap().is_none() && reader.finish().is_err());
    }
}
