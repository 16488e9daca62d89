//! Help: one page for each error and each screen, and the list of them.

use askama::Template;

use crate::help::{ERRORS, ErrorHelp, SCREENS, ScreenHelp};
use crate::shell::Shell;

/// What an error means and what to do.
#[derive(Debug, Clone, Template)]
#[template(path = "page/help/error.html")]
pub struct ErrorHelpPage {
    /// The frame.
    pub shell: Shell,
    /// The error.
    pub error: &'static ErrorHelp,
}

/// How to read a screen.
#[derive(Debug, Clone, Template)]
#[template(path = "page/help/screen.html")]
pub struct ScreenHelpPage {
    /// The frame.
    pub shell: Shell,
    /// The screen.
    pub screen: &'static ScreenHelp,
}

/// All that is explained.
#[derive(Debug, Clone, Template)]
#[template(path = "page/help/list.html")]
pub struct HelpPage {
    /// The frame.
    pub shell: Shell,
}

impl HelpPage {
    fn screens(&self) -> &'static [ScreenHelp] {
        SCREENS
    }

    fn errors(&self) -> &'static [ErrorHelp] {
        ERRORS
    }
}
