//! What a statement is, as far as serving it needs to know: its first word, its FORMAT, where its data begins.
//!
//! The engine's parser stays the judge of the language. This scanner only skips what may hide a word
//! (strings, quoted names, comments, heredocs, brackets) and reads the words that are left.

/// How a text must be run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    /// The kind, found from the first word and, for INSERT, from what follows.
    pub(crate) kind: Kind,
    /// The statement's own FORMAT, which wins over any default.
    pub(crate) format: Option<String>,
    /// Names a file of this machine (`INTO OUTFILE`, `FROM INFILE`): never run.
    pub(crate) touches_files: bool,
}

/// The ways to run a statement.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(crate) enum Kind {
    /// `INSERT` with data behind it: the SQL ends at the first offset, the data begins at the second.
    Insert { sql_end: usize, data_start: usize },
    /// `SELECT` or `WITH`: can be fetched piece by piece.
    Select,
    /// Anything else: run whole.
    Other,
}

struct Token<'a> {
    start: usize,
    end: usize,
    depth: u32,
    kind: TokenKind<'a>,
}

#[derive(PartialEq, Eq)]
enum TokenKind<'a> {
    Word(&'a [u8]),
    Quoted,
    Sign(u8),
}

impl Token<'_> {
    fn is(&self, word: &str) -> bool {
        matches!(self.kind, TokenKind::Word(found) if found.eq_ignore_ascii_case(word.as_bytes()))
    }

    fn word(&self) -> Option<String> {
        match self.kind {
            TokenKind::Word(word) => Some(String::from_utf8_lossy(word).into_owned()),
            _ => None,
        }
    }
}

impl Statement {
    /// Reads `text`. For an INSERT only the part before its data is looked at.
    pub(crate) fn read(text: &[u8]) -> Self {
        let mut tokens = Tokens { text, at: 0, depth: 0 };
        match tokens.next() {
            Some(first) if first.is("INSERT") => Self::read_insert(tokens, text),
            Some(first) => Self::read_other(&first, tokens),
            None => Self { kind: Kind::Other, format: None, touches_files: false },
        }
    }

    fn read_insert(tokens: Tokens<'_>, text: &[u8]) -> Self {
        let mut tokens = tokens.peekable();
        let mut end = text.len();
        let mut naming = true; // the table's name may be any word
        let mut before_from = false;
        while let Some(token) = tokens.next() {
            if naming {
                let keyword = ["INTO", "TABLE", "FUNCTION"].iter().any(|word| token.is(word));
                let dotted = token.kind == TokenKind::Sign(b'.')
                    || tokens.peek().is_some_and(|next| next.kind == TokenKind::Sign(b'.'));
                naming = keyword || dotted;
                continue;
            }
            if before_from && token.is("INFILE") {
                return Self { kind: Kind::Other, format: None, touches_files: true };
            }
            before_from = token.is("FROM");
            if token.depth > 0 {
                continue;
            }
            if ["SELECT", "WITH", "EXPLAIN", "WATCH"].iter().any(|word| token.is(word)) {
                return Self { kind: Kind::Other, ..Self::read_other(&token, tokens) };
            }
            if token.is("VALUES") {
                let kind = Kind::Insert { sql_end: token.start, data_start: token.end };
                return Self { kind, format: Some("Values".to_owned()), touches_files: false };
            }
            if token.is("FORMAT")
                && let Some(name) = tokens.next()
            {
                let kind = Kind::Insert { sql_end: token.start, data_start: after_format(text, name.end) };
                return Self { kind, format: name.word(), touches_files: false };
            }
            end = if token.kind == TokenKind::Sign(b';') { token.start } else { text.len() };
        }
        Self {
            kind: Kind::Insert { sql_end: end, data_start: text.len() },
            format: None,
            touches_files: false,
        }
    }

    fn read_other<'a>(first: &Token<'_>, tokens: impl Iterator<Item = Token<'a>>) -> Self {
        let kind = if first.is("SELECT") || first.is("WITH") { Kind::Select } else { Kind::Other };
        let (mut format, mut touches_files, mut before_outfile) = (None, false, false);
        let mut tokens = tokens.peekable();
        while let Some(token) = tokens.next() {
            touches_files |= before_outfile && (token.is("OUTFILE") || token.is("INFILE"));
            before_outfile = token.is("INTO") || token.is("FROM");
            if token.depth > 0 || !token.is("FORMAT") {
                continue;
            }
            let Some(name) = tokens.next_if(|next| matches!(next.kind, TokenKind::Word(_))) else { continue };
            // A column may be called `format` too: the clause is followed by nothing, `;`, SETTINGS or INTO.
            if tokens.peek().is_none_or(|next| {
                next.kind == TokenKind::Sign(b';') || next.is("SETTINGS") || next.is("INTO")
            }) {
                format = name.word();
            }
            before_outfile = name.is("INTO") || name.is("FROM");
        }
        Self { kind, format, touches_files }
    }
}

/// Where data begins behind `FORMAT name`: after blanks and at most one line break.
fn after_format(text: &[u8], mut at: usize) -> usize {
    while text.get(at).is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\x0c')) {
        at += 1;
    }
    if text.get(at) == Some(&b'\r') {
        at += 1;
    }
    if text.get(at) == Some(&b'\n') {
        at += 1;
    }
    at
}

struct Tokens<'a> {
    text: &'a [u8],
    at: usize,
    depth: u32,
}

impl<'a> Tokens<'a> {
    fn skip_until(&mut self, end: &[u8]) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let found = rest.windows(end.len()).position(|window| window == end);
        self.at = found.map_or(self.text.len(), |position| self.at + position + end.len());
    }

    fn skip_quoted(&mut self, quote: u8) {
        self.at += 1;
        while let Some(&byte) = self.text.get(self.at) {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == quote {
                return; // a doubled quote simply opens the next quoted piece
            }
        }
        self.at = self.text.len();
    }

    /// Skips blanks and comments.
    fn skip_blank(&mut self) {
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            match rest {
                [byte, ..] if byte.is_ascii_whitespace() || *byte == b'\x0b' => self.at += 1,
                [b'-', b'-', ..] | [b'#', b' ' | b'!', ..] => self.skip_until(b"\n"),
                [b'/', b'*', ..] => self.skip_until(b"*/"),
                _ => return,
            }
        }
    }

    /// A `$tag$ … $tag$` string, if one stands here.
    fn heredoc(&self) -> Option<&'a [u8]> {
        let rest = self.text.get(self.at..)?;
        let length = rest.iter().skip(1).position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_'))?;
        (rest.get(length + 1) == Some(&b'$')).then(|| rest.get(..length + 2)).flatten()
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip_blank();
        let start = self.at;
        let byte = *self.text.get(start)?;
        let mut depth = self.depth;
        let kind = match byte {
            b'\'' | b'"' | b'`' => {
                self.skip_quoted(byte);
                TokenKind::Quoted
            }
            b'$' if let Some(tag) = self.heredoc() => {
                self.at += tag.len();
                self.skip_until(tag);
                TokenKind::Quoted
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'0'..=b'9' | b'$' | 0x80.. => {
                let rest = self.text.get(start..).unwrap_or_default();
                let wordlike =
                    |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..);
                let length = rest.iter().take_while(|byte| wordlike(byte)).count();
                self.at += length;
                TokenKind::Word(rest.get(..length).unwrap_or_default())
            }
            _ => {
                self.at += 1;
                match byte {
                    b'(' | b'[' | b'{' => self.depth += 1,
                    b')' | b']' | b'}' => {
                        self.depth = self.depth.saturating_sub(1);
                        depth = self.depth;
                    }
                    _ => {}
                }
                TokenKind::Sign(byte)
            }
        };
        Some(Token { start, end: self.at, depth, kind })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> (Kind, Option<String>) {
        let statement = Statement::read(text.as_bytes());
        (statement.kind, statement.format)
    }

    fn cut(text: &str) -> (&str, &str, Option<String>) {
        match kind(text) {
            (Kind::Insert { sql_end, data_start }, format) => (&text[..sql_end], &text[data_start..], format),
            other => panic!("not a streamed insert: {other:?}"),
        }
    }

    #[test]
    fn an_insert_is_cut_before_its_format_and_after_one_line_break() {
        assert_eq!(
            cut("INSERT INTO t(a, b) FORMAT RowBinary\n\nx"),
            ("INSERT INTO t(a, b) ", "\nx", Some("RowBinary".into()))
        );
        assert_eq!(
            cut("insert into `a b`.format (`x`) values (1, 'y')"),
            ("insert into `a b`.format (`x`) ", " (1, 'y')", Some("Values".into()))
        );
        assert_eq!(cut("INSERT INTO t"), ("INSERT INTO t", "", None));
    }

    #[test]
    fn an_insert_from_a_select_is_run_whole() {
        assert_eq!(kind("INSERT INTO t SELECT 'FORMAT x' FROM s").0, Kind::Other);
    }

    #[test]
    fn words_in_strings_comments_and_brackets_are_not_keywords() {
        let text = "SELECT 'a'' FORMAT CSV', $x$ FORMAT CSV $x$ /* FORMAT CSV */ FROM (SELECT 1 FORMAT) -- FORMAT TSV";
        assert_eq!(kind(text), (Kind::Select, None));
        assert_eq!(kind("SELECT format FROM t"), (Kind::Select, None));
    }

    #[test]
    fn the_format_clause_is_found_before_settings_and_semicolon() {
        assert_eq!(kind("select 1 format JSON settings max_threads = 1").1.as_deref(), Some("JSON"));
        assert_eq!(kind("DESCRIBE TABLE t FORMAT CSV ;").1.as_deref(), Some("CSV"));
    }

    #[test]
    fn files_of_the_machine_are_seen_and_names_like_them_are_not() {
        for text in [
            "SELECT 1 INTO OUTFILE '/tmp/x'",
            "SELECT 1 FORMAT CSV INTO OUTFILE '/tmp/x'",
            "INSERT INTO t FROM INFILE 'x' FORMAT CSV",
        ] {
            assert!(Statement::read(text.as_bytes()).touches_files, "{text}");
        }
        for text in
            ["SELECT 'INTO OUTFILE'", "SELECT outfile FROM t", "INSERT INTO outfile FORMAT CSV\nINTO OUTFILE"]
        {
            assert!(!Statement::read(text.as_bytes()).touches_files, "{text}");
        }
    }
}
