//! `/requests` and `/requests/{id}`: finding a request and reading it.

mod list;
mod show;

pub use list::{Empty, FilterError, HistogramBar, RequestRow, RequestsPage};
pub use show::{
    Absent, AttemptView, BodyContent, BodyKind, BodyView, CostLine, Decision, MessagePart, MessageView,
    RequestFacts, RequestPage, RequestTab, TokenCounts, Verdict,
};
