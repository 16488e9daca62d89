//! What every page carries around its content, so that a handler states it once.

use crate::asset;
use crate::help::{ScreenHelp, screen_of};
use crate::navigation::{OpenGroup, open};

/// The frame of a page: what it is called, who reads it, and what they should know wherever they are.
#[derive(Debug, Clone, Default)]
pub struct Shell {
    /// What the page is called, in the tab and as its heading; without the product's name.
    pub title: String,
    /// Which entry of the navigation is lit.
    pub section: Section,
    /// The reader's choice of colours, from the cookie `theme`.
    pub theme: Theme,
    /// Who is signed in; `None` hides navigation and leaves the content alone.
    pub user: Option<User>,
    /// Path and query of this page: where the theme switch, publishing and sign-in lead back to.
    pub path: String,
    /// The workspace whose traffic is shown, by name; `None` when there is only one.
    pub workspace: Option<String>,
    /// Set when the draft differs from what the gateways run.
    pub unpublished: Option<Unpublished>,
    /// What the last action did, said once.
    pub flashes: Vec<Flash>,
    /// Kept views, for the palette.
    pub views: Vec<Link>,
    /// Screens the reader may not open: left out of navigation and palette.
    pub closed: Vec<Section>,
    /// Where what was sent and what somebody else saved meanwhile differ; empty when nobody did.
    pub overtaken: Vec<Difference>,
}

/// One member in which two versions of a thing differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// Its name.
    pub name: String,
    /// How it is now; empty when it is not there.
    pub now: String,
    /// As it was sent; empty when it was left out.
    pub sent: String,
}

impl Shell {
    /// The address of one of our own files, under its content-hashed name.
    #[must_use]
    pub fn asset(&self, name: &str) -> &'static str {
        asset::path(name)
    }

    /// The entries of the navigation the reader may open, in groups.
    #[must_use]
    pub fn navigation(&self) -> Vec<OpenGroup> {
        open(&self.closed)
    }

    /// How to read this screen; none for pages outside the navigation.
    #[must_use]
    pub fn help(&self) -> Option<&'static ScreenHelp> {
        screen_of(self.section)
    }
}

/// A person who is signed in.
#[derive(Debug, Clone, Default)]
pub struct User {
    /// What they are called.
    pub name: String,
    /// The address they sign in with.
    pub email: String,
    /// Whether they may publish; without it the strip is shown without its button.
    pub may_publish: bool,
}

/// The screens that stand in the navigation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Section {
    /// A page outside the navigation: sign-in, welcome, errors.
    #[default]
    None,
    /// `/`
    Overview,
    /// `/requests`
    Requests,
    /// `/customers`
    Customers,
    /// `/keys`
    Keys,
    /// `/providers`
    Providers,
    /// `/models`
    Models,
    /// `/prices`
    Prices,
    /// `/publishing`
    Publishing,
    /// `/gateways`
    Gateways,
    /// `/audit`
    Audit,
    /// `/settings`
    Settings,
}

/// The reader's choice of colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system is set.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// Reads the cookie's or the form's value; anything unknown follows the system.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }

    /// The value of the cookie, the form and `data-theme`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The three choices in the order the switch shows them: value, label, icon.
    #[must_use]
    pub fn choices() -> [(Self, &'static str, &'static str); 3] {
        [(Self::System, "System", "monitor"), (Self::Light, "Light", "sun"), (Self::Dark, "Dark", "moon")]
    }
}

/// The draft differs from the revision in force.
#[derive(Debug, Clone, Default)]
pub struct Unpublished {
    /// How many objects differ.
    pub changes: u64,
    /// The revision the gateways run; 0 before the first publish.
    pub running_revision: u64,
    /// A few of the changes in words, for the strip's details.
    pub summary: Vec<String>,
    /// Which draft the strip speaks of: only that one is published by its button.
    pub tag: String,
}

/// One message about what just happened.
#[derive(Debug, Clone, Default)]
pub struct Flash {
    /// How it went.
    pub tone: Tone,
    /// One sentence.
    pub text: String,
    /// Where to read on.
    pub link: Option<Link>,
}

/// How something went: decides colour, icon and whether a screen reader is interrupted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tone {
    /// It worked.
    #[default]
    Ok,
    /// It worked, but.
    Warn,
    /// It failed.
    Bad,
}

impl Tone {
    /// The class of the style sheet.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }

    /// The icon that says the same without colour.
    #[must_use]
    pub fn icon(self) -> &'static str {
        match self {
            Self::Ok => "circle-check",
            Self::Warn => "triangle-alert",
            Self::Bad => "circle-x",
        }
    }
}

/// A place to go, with the words for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Link {
    /// What the link says.
    pub text: String,
    /// Where it leads; take it from [`url`].
    pub href: String,
}

impl Link {
    /// A link saying `text` and leading to `href`.
    #[must_use]
    pub fn new(text: impl Into<String>, href: impl Into<String>) -> Self {
        Self { text: text.into(), href: href.into() }
    }
}
