//! Changing a few bytes of a body and no others: key order, number formats and unknown members stay as they came.

use std::{borrow::Cow, ops::Range};

use bytes::Bytes;

/// One change: these bytes become those. An empty range inserts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit<'a> {
    /// The bytes to replace, as places in the original body.
    pub range: Range<usize>,
    /// What stands there afterwards.
    pub with: Cow<'a, [u8]>,
}

impl<'a> Edit<'a> {
    /// Replaces the range.
    pub fn replace(range: Range<usize>, with: impl Into<Cow<'a, [u8]>>) -> Self {
        Self { range, with: with.into() }
    }

    /// Inserts before the byte at `at`.
    pub fn insert(at: usize, with: impl Into<Cow<'a, [u8]>>) -> Self {
        Self::replace(at..at, with)
    }
}

/// Applies the edits, given in order and not overlapping, in one allocation. Without edits the same bytes come back.
/// An edit that lies outside the body or before its predecessor is left out (none is made by this crate).
#[must_use]
pub fn apply(body: &Bytes, edits: &[Edit<'_>]) -> Bytes {
    if edits.is_empty() {
        return body.clone();
    }
    let grown: usize = edits.iter().map(|edit| edit.with.len()).sum();
    let mut out = Vec::with_capacity(body.len() + grown);
    let mut at = 0;
    for edit in edits {
        let (Some(kept), true) = (body.get(at..edit.range.start), edit.range.end <= body.len()) else {
            continue;
        };
        out.extend_from_slice(kept);
        out.extend_from_slice(&edit.with);
        at = edit.range.end.max(edit.range.start);
    }
    out.extend_from_slice(body.get(at..).unwrap_or_default());
    out.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_unchanged_body_is_the_same_allocation() {
        let body = Bytes::from_static(b"{}");
        assert_eq!(apply(&body, &[]).as_ptr(), body.as_ptr());
    }

    proptest! {
        #[test]
        fn every_byte_outside_the_edits_stays(body: Vec<u8>, cuts in prop::collection::vec(0usize..64, 0..6), with: Vec<u8>) {
            let mut places: Vec<usize> = cuts.iter().map(|cut| cut % (body.len() + 1)).collect();
            places.sort_unstable();
            let edits: Vec<Edit<'_>> =
                places.chunks_exact(2).map(|pair| Edit::replace(pair[0]..pair[1], with.clone())).collect();
            let mut expected = body.clone();
            for edit in edits.iter().rev() {
                expected.splice(edit.range.clone(), with.iter().copied());
            }
            prop_assert_eq!(&apply(&Bytes::from(body), &edits)[..], &expected[..]);
        }
    }
}
