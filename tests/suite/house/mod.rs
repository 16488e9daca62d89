//! The house checks itself: tests about the code. Each rule is one test; an exception is one line with its reason.

mod help;
mod knowing;
mod reading;
mod size;
mod source;
mod words;
