//! `/requests` and `/requests/{id}`: finding a request and reading it.

mod body;
mod list;
mod show;

pub use body::{Absent, BodyContent, BodyKind, BodyView, MessagePart, MessageView};
pub use list::{Empty, FilterError, GroupRow, Groups, HistogramBar, LiveEvent, RequestRow, RequestsPage};
pub use show::{
    AttemptView, CostLine, Decision, Partial, RequestFacts, RequestPage, RequestTab, TokenCounts, Verdict,
};
