//! Samples of the help: every error, every screen, the list. There is nothing of strangers in them.

use super::{Sample, put, shell};
use crate::help::{ERRORS, SCREENS};
use crate::page::{ErrorHelpPage, HelpPage, ScreenHelpPage};
use crate::shell::Section;

pub(super) fn add(samples: &mut Vec<Sample>) -> Result<(), crate::Error> {
    put(samples, "help-full", &HelpPage { shell: shell("Help", Section::None) })?;
    for error in ERRORS {
        let page = ErrorHelpPage { shell: shell(error.slug, Section::None), error };
        put(samples, &format!("help-error-{}", error.slug), &page)?;
    }
    for screen in SCREENS {
        let page = ScreenHelpPage { shell: shell(screen.entry().0, screen.section), screen };
        put(samples, &format!("help-screen-{}", screen.slug), &page)?;
    }
    Ok(())
}
