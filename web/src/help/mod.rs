//! What the product says about itself: one entry for each error and each screen, all of it data.

mod errors;
mod screens;

pub use errors::{ERRORS, ErrorHelp, Teller, error};
pub use screens::{SCREENS, ScreenHelp, screen, screen_of};
