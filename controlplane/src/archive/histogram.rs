//! Requests by pieces of a window: from a rollup where one knows what the filter speaks of, else counted row by row.

use clickhouse::Row;
use serde::Deserialize;
use weir_contract::filter::Filter;

use super::filter_sql::{FAILED, narrowed};
use super::requests::finals;
use super::rollup::Rolled;
use super::scope::{Scope, Statement};
use super::window::Window;
use super::{Archive, ArchiveError};

/// How a window is cut: pieces of one length, counted from a moment at or before its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pieces {
    /// Where piece 0 begins, µs UTC.
    pub(crate) from_us: i64,
    /// How long each is, µs.
    pub(crate) length_us: i64,
}

/// One piece of the histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Row, Deserialize)]
pub(crate) struct Bar {
    /// Which piece, from 0.
    pub(crate) piece: i64,
    /// Requests that ended well.
    pub(crate) ok: u64,
    /// Requests that did not.
    pub(crate) failed: u64,
}

impl Archive {
    /// The requests of a window by piece, counted row by row; empty pieces are missing.
    pub(crate) async fn histogram(
        &self,
        scope: &Scope,
        window: Window,
        filter: &Filter,
        pieces: Pieces,
    ) -> Result<Vec<Bar>, ArchiveError> {
        self.rows(histogram(scope, window, filter, pieces)).await
    }

    /// The same for a window of whole hours, from a rollup: as quick over a year as over a day. `None` when no rollup
    /// knows what the filter speaks of.
    pub(crate) fn histogram_of_hours<'a>(
        &'a self,
        scope: &'a Scope,
        window: Window,
        filter: &'a Filter,
        pieces: Pieces,
    ) -> Option<impl Future<Output = Result<Vec<Bar>, ArchiveError>> + 'a> {
        let rolled = Rolled::of(filter)?;
        Some(self.rows(hours(scope, window, rolled, pieces)))
    }
}

impl Pieces {
    /// Which piece a moment (an expression in µs) lies in. Both numbers are ours, so they may stand in the text.
    fn number(self, moment_us: &str) -> String {
        format!(
            "intDiv({moment_us} - toInt64({}), toInt64({})) AS piece",
            self.from_us,
            self.length_us.max(1)
        )
    }
}

fn histogram(scope: &Scope, window: Window, filter: &Filter, pieces: Pieces) -> Statement {
    let piece = pieces.number("toUnixTimestamp64Micro(started_at)");
    let columns = format!("{piece}, countIf(NOT ({FAILED})) AS ok, countIf({FAILED}) AS failed");
    narrowed(finals(scope, &columns, window), filter, window).then("GROUP BY piece ORDER BY piece")
}

fn hours(scope: &Scope, window: Window, rolled: Rolled<'_>, pieces: Pieces) -> Statement {
    let piece = pieces.number("toInt64(toUnixTimestamp(t)) * 1000000");
    let (ok, failed) = rolled.ended();
    let columns = format!("{piece}, {ok} AS ok, {failed} AS failed");
    // A rollup has rows for hours in which nothing of what is asked ended: failed tries, or nothing but good endings.
    rolled.read(scope, &columns, window).then("GROUP BY piece HAVING ok + failed > 0 ORDER BY piece")
}

#[cfg(test)]
mod tests {
    use super::super::scope::promise;
    use super::*;

    #[test]
    fn every_question_keeps_to_its_workspaces() {
        let (scope, window) = (promise::scope(), Window { from_us: 10, to_us: 20 });
        let filter = Filter::parse("customer:a cost:>1 hello").unwrap();
        let pieces = Pieces { from_us: 10, length_us: 1 };
        promise::keeps_to_its_workspaces(&histogram(&scope, window, &filter, pieces));
        for filter in ["", "customer:a", "-status:timeout", "key:* status:error"] {
            let filter = Filter::parse(filter).unwrap();
            let rolled = Rolled::of(&filter).unwrap();
            promise::keeps_to_its_workspaces(&hours(&scope, window, rolled, pieces));
        }
    }
}
