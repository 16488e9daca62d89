//! One view struct per screen: plain facts in, a whole page out. `templates/page` mirrors these folders.
//!
//! Times are microseconds since 1970 in UTC, durations microseconds, money is [`weir_contract::money::Money`].

pub mod api;
pub mod audit;
pub mod confirm;
pub mod customers;
pub mod error;
pub mod exports;
pub mod find;
pub mod first_admin;
pub mod gateways;
pub mod help;
pub mod history;
pub mod keys;
pub mod models;
pub mod overview;
pub mod people;
pub mod prices;
pub mod providers;
pub mod publishing;
pub mod requests;
pub mod restore;
pub mod settings;
pub mod sign_in;
pub mod stops;
pub mod views;
pub mod welcome;

pub use api::ApiPage;
pub use audit::AuditPage;
pub use confirm::ConfirmPage;
pub use customers::{CustomerPage, CustomersPage};
pub use error::ErrorPage;
pub use exports::{ExportNewPage, ExportPage, ExportsPage};
pub use find::FindPage;
pub use first_admin::FirstAdminPage;
pub use gateways::{GatewayTokenShownPage, GatewaysPage};
pub use help::{ErrorHelpPage, HelpPage, ScreenHelpPage};
pub use history::HistoryPage;
pub use keys::{KeyPage, KeyRotationPage, KeyShownPage, KeysPage};
pub use models::{ModelPage, ModelsPage};
pub use overview::OverviewPage;
pub use people::{
    DisablementPage, InvitationPage, LinkShownPage, MembersPage, PeoplePage, PersonPage, ResetPage,
};
pub use prices::PricesPage;
pub use providers::{EndpointPage, ListingPage, ProvidersPage};
pub use publishing::{PublishingPage, RevisionPage};
pub use requests::{RequestPage, RequestsPage};
pub use restore::{ChangeGroup, RestorePage};
pub use settings::{SettingsPage, TokenShownPage, WorkspacePage};
pub use sign_in::SignInPage;
pub use stops::StopsPage;
pub use views::ViewsPage;
pub use welcome::WelcomePage;

/// A stretch of time a page speaks about: from the first to before the second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// Its first microsecond.
    pub from_us: i64,
    /// The first microsecond after it.
    pub to_us: i64,
}

/// How far the figures of a page are counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Freshness {
    /// The newest moment everything before which is counted; `None` when nothing was ever counted.
    pub counted_to_us: Option<i64>,
    /// The moment the page was made.
    pub now_us: i64,
}

impl Freshness {
    /// How to say it: nothing unusual, a little late (60 s), or badly late (5 min).
    #[must_use]
    pub fn tone(&self) -> crate::shell::Tone {
        use crate::shell::Tone;
        match self.counted_to_us.map(|at| self.now_us - at) {
            Some(late) if late <= 60_000_000 => Tone::Ok,
            Some(late) if late <= 300_000_000 => Tone::Warn,
            _ => Tone::Bad,
        }
    }
}
