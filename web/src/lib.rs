//! The face: typed views in, HTML out. No axum, no SQL, no network.
//!
//! | module     | holds                                                                          |
//! | ---------- | ------------------------------------------------------------------------------ |
//! | [`shell`]  | what every page carries around its content: navigation, user, theme, messages  |
//! | [`navigation`] | every screen, in groups, with the key that leads to it |
//! | [`page`]   | one view struct per screen; the folders of `templates/page` mirror it          |
//! | [`part`]   | what screens repeat: status pill, figures with their exact value, icons        |
//! | [`chart`]  | server-rendered SVG, always with a table behind it                             |
//! | [`form`]   | what was typed and what is wrong with it, field by field                       |
//! | [`help`]   | what every error and every screen means, as data                              |
//! | [`url`]    | every link of the product, built in one place                                  |
//! | [`number`] | how money, counts, durations, shares and times read                            |
//! | `sprite`   | the icons of a page: those it shows                                            |
//! | [`asset`]  | the files a page needs, under names that change with their content             |
//! | [`sample`] | every view, empty, full and hostile: rendered by the tests and the gallery     |
//!
//! A handler fills a view struct and calls [`render`]. Nothing here fails but for want of memory.

pub mod asset;
pub mod chart;
pub mod form;
pub mod help;
pub mod navigation;
pub mod number;
pub mod page;
pub mod part;
pub mod sample;
pub mod shell;
mod sprite;
pub mod url;

pub use askama::{Error, Template};
pub use sprite::render;
