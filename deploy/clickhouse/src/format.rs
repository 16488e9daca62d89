//! How the engine's pieces become one document.
//!
//! A fetched SELECT comes in pieces, and every piece is a complete document of its format. Formats without a frame
//! join as they are; formats with a header repeat it in each piece; all others are run whole.

/// How the pieces of a format are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Joint {
    /// Pieces follow each other.
    Plain,
    /// Each piece begins with so many lines of names or types; `true` where quoted text may hold line breaks.
    Lines(usize, bool),
    /// Each piece begins with a count, that many names and that many types.
    BinaryNames,
    /// The document cannot be cut: run it whole.
    Whole,
}

impl Joint {
    /// The joint of a format by its name.
    pub(crate) fn of(format: &str) -> Self {
        let name = format.to_ascii_lowercase();
        match name.as_str() {
            "rowbinary" | "native" | "tabseparated" | "tsv" | "tabseparatedraw" | "tsvraw" | "csv"
            | "jsoneachrow" | "jsonlines" | "ndjson" | "jsoncompacteachrow" | "rawblob" | "lineasstring" => {
                Self::Plain
            }
            "rowbinarywithnamesandtypes" => Self::BinaryNames,
            "csvwithnames" => Self::Lines(1, true),
            "csvwithnamesandtypes" => Self::Lines(2, true),
            "tabseparatedwithnames"
            | "tsvwithnames"
            | "tabseparatedrawwithnames"
            | "tsvrawwithnames"
            | "jsoncompacteachrowwithnames" => Self::Lines(1, false),
            "tabseparatedwithnamesandtypes"
            | "tsvwithnamesandtypes"
            | "tabseparatedrawwithnamesandtypes"
            | "tsvrawwithnamesandtypes"
            | "jsoncompacteachrowwithnamesandtypes" => Self::Lines(2, false),
            _ => Self::Whole,
        }
    }

    /// Whether an answer without rows still has bytes.
    pub(crate) fn has_header(self) -> bool {
        !matches!(self, Self::Plain)
    }

    /// The part of a later piece that is not a repeated header.
    pub(crate) fn rest(self, piece: &[u8]) -> &[u8] {
        let start = match self {
            Self::Plain | Self::Whole => 0,
            Self::Lines(lines, quoted) => after_lines(piece, lines, quoted),
            Self::BinaryNames => after_binary_names(piece).unwrap_or(0),
        };
        piece.get(start..).unwrap_or_default()
    }
}

fn after_lines(piece: &[u8], mut lines: usize, quotes: bool) -> usize {
    let mut quoted = false;
    for (at, byte) in piece.iter().enumerate() {
        quoted ^= quotes && *byte == b'"';
        if *byte == b'\n' && !quoted {
            lines -= 1;
            if lines == 0 {
                return at + 1;
            }
        }
    }
    piece.len()
}

fn after_binary_names(piece: &[u8]) -> Option<usize> {
    let mut at = 0;
    let columns = varint(piece, &mut at)?;
    for _ in 0..columns.checked_mul(2)? {
        let length = varint(piece, &mut at)?;
        at = at.checked_add(length)?;
    }
    Some(at)
}

fn varint(piece: &[u8], at: &mut usize) -> Option<usize> {
    let mut value = 0_usize;
    for shift in (0..63).step_by(7) {
        let byte = *piece.get(*at)?;
        *at += 1;
        value |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// The media type of a format, for people and tools that look at it.
pub(crate) fn media_type(format: &str) -> &'static str {
    let name = format.to_ascii_lowercase();
    if name.starts_with("csv") {
        "text/csv; charset=UTF-8"
    } else if name.starts_with("tabseparated") || name.starts_with("tsv") {
        "text/tab-separated-values; charset=UTF-8"
    } else if name.starts_with("jsoneachrow") || name.starts_with("jsonlines") || name == "ndjson" {
        "application/x-ndjson; charset=UTF-8"
    } else if name.starts_with("json") {
        "application/json; charset=UTF-8"
    } else if name.starts_with("pretty") || name == "vertical" || name == "values" {
        "text/plain; charset=UTF-8"
    } else {
        "application/octet-stream"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_headers_are_cut_off() {
        assert_eq!(Joint::of("CSVWithNames").rest(b"\"a\nb\",\"c\"\n1,2\n"), b"1,2\n");
        assert_eq!(Joint::of("TSVWithNamesAndTypes").rest(b"a\nUInt8\n1\n"), b"1\n");
        assert_eq!(Joint::of("RowBinaryWithNamesAndTypes").rest(b"\x01\x01a\x05UInt8\x07"), b"\x07");
        assert_eq!(Joint::of("RowBinary").rest(b"\x07"), b"\x07");
    }

    #[test]
    fn framed_formats_are_run_whole() {
        for format in ["JSON", "Parquet", "ArrowStream", "Pretty", "JSONColumns", "XML"] {
            assert_eq!(Joint::of(format), Joint::Whole, "{format}");
        }
    }
}
