//! A request's body, unpacked as it arrives.

use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures_util::StreamExt as _;

use crate::block::BlockReader;
use crate::exception::Exception;

/// The largest statement or form that is held in memory. Streamed data has no such bound.
const TEXT_BYTES_MAX: usize = 64 << 20;
/// How much of a refused body is read, so that the client sees the refusal instead of a broken connection.
const DRAIN_BYTES_MAX: usize = 64 << 20;

/// The body of one request.
pub(crate) struct Intake {
    body: BodyDataStream,
    blocks: Option<BlockReader>,
}

impl Intake {
    /// Reads `body`; `packed` says that it consists of native compressed blocks.
    pub(crate) fn new(body: Body, packed: bool) -> Self {
        Self { body: body.into_data_stream(), blocks: packed.then(BlockReader::default) }
    }

    /// The next piece, `None` at the end.
    ///
    /// # Errors
    /// 210 when the connection broke, 271 or 40 when a block is not what it says.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Exception> {
        loop {
            if let Some(blocks) = &mut self.blocks
                && let Some(content) = blocks.next()?
            {
                return Ok(Some(content));
            }
            let piece = self.body.next().await.transpose().map_err(Exception::broken_body)?;
            match (piece, &mut self.blocks) {
                (Some(piece), Some(blocks)) => blocks.push(&piece),
                (Some(piece), None) => return Ok(Some(piece)),
                (None, Some(blocks)) => return blocks.finish().map(|()| None),
                (None, None) => return Ok(None),
            }
        }
    }

    /// Reads until at least `enough` bytes are in `text`, or all.
    ///
    /// # Errors
    /// As `next`, and 307 for a text beyond what is held in memory.
    pub(crate) async fn fill(&mut self, text: &mut Vec<u8>, enough: usize) -> Result<(), Exception> {
        while text.len() < enough {
            let Some(piece) = self.next().await? else { return Ok(()) };
            text.extend_from_slice(&piece);
            if text.len() > TEXT_BYTES_MAX {
                let text = format!("The statement is longer than {TEXT_BYTES_MAX} bytes");
                return Err(Exception::new(307, "TOO_MANY_BYTES", text));
            }
        }
        Ok(())
    }

    /// Reads and drops what is left, up to a bound.
    pub(crate) async fn drain(&mut self) {
        let mut read = 0;
        while let Some(Ok(piece)) = self.body.next().await {
            read += piece.len();
            if read > DRAIN_BYTES_MAX {
                return;
            }
        }
    }
}
