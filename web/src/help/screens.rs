//! Every screen: what it shows, how to read it, what can be done there.

use crate::navigation::NAVIGATION;
use crate::shell::Section;

/// One screen.
#[derive(Debug)]
pub struct ScreenHelp {
    /// Which screen.
    pub section: Section,
    /// The last part of its help's address.
    pub slug: &'static str,
    /// What it shows.
    pub shows: &'static str,
    /// How to read it and what to do there, a paragraph each.
    pub reading: &'static [&'static str],
    /// Filters worth trying, with what they find.
    pub filters: &'static [(&'static str, &'static str)],
}

impl ScreenHelp {
    /// What the navigation calls it, where it is, and the key that leads there after `g`.
    #[must_use]
    pub fn entry(&self) -> (&'static str, &'static str, &'static str) {
        let entries = NAVIGATION.iter().flat_map(|group| group.entries);
        let found = entries.into_iter().find(|entry| entry.section == self.section);
        found.map_or(("Weir", "/", ""), |entry| (entry.name, entry.href, entry.key))
    }
}

/// The help of that name.
#[must_use]
pub fn screen(slug: &str) -> Option<&'static ScreenHelp> {
    SCREENS.iter().find(|screen| screen.slug == slug)
}

/// The help of that screen; none for pages outside the navigation.
#[must_use]
pub fn screen_of(section: Section) -> Option<&'static ScreenHelp> {
    SCREENS.iter().find(|screen| screen.section == section)
}

/// All screens, in the order of the navigation.
pub const SCREENS: &[ScreenHelp] = &[
    ScreenHelp {
        section: Section::Overview,
        slug: "overview",
        shows: "What happens and what it costs, at a glance, in the window named at the top.",
        reading: &[
            "Each figure leads to the requests it counts, with the same window and the same filter.",
            "Spend without a known price is shown as unrated, never as zero.",
            "Only whole hours are compared; the hour that runs is in the figures and in no comparison.",
            "“Needs attention” names what fails, lags or ends soon; each line leads to where to look.",
        ],
        filters: &[],
    },
    ScreenHelp {
        section: Section::Requests,
        slug: "requests",
        shows: "Every request a gateway has admitted or refused, newest first.",
        reading: &[
            "A row is one request and everything it caused; open it for its messages, cost, attempts and raw bodies.",
            "The filter and the window are part of the address: copy it to share exactly what you see.",
            "Terms stand beside each other and must all hold. A minus before a term excludes what it finds. Values with spaces go in quotes.",
            "“Live” announces new requests above the list and moves no row. “Save view” keeps the filter under a name, “Export” makes a file in the background.",
        ],
        filters: &[
            ("customer:acme status:error", "failed requests of one customer"),
            ("model:gpt-5-mini", "requests that asked for one model"),
            ("-status:ok", "everything that did not go well"),
        ],
    },
    ScreenHelp {
        section: Section::Customers,
        slug: "customers",
        shows: "Everybody requests were made for, with what they used and what it cost in one period.",
        reading: &[
            "Customers come into being when a request first names them; nothing has to be set up.",
            "Figures come from the books and add up to the same nano-dollar as the calls listed below them.",
        ],
        filters: &[],
    },
    ScreenHelp {
        section: Section::Keys,
        slug: "keys",
        shows: "What applications present: who may ask for what, how often and until when.",
        reading: &[
            "A key's secret is shown once, when it is made. Keys and revocations act at once, without publishing.",
            "Limits count on each gateway by itself.",
        ],
        filters: &[],
    },
    ScreenHelp {
        section: Section::Providers,
        slug: "providers",
        shows: "Endpoints: who runs models, at which address, with which credential.",
        reading: &[
            "Credentials go in and never come out. Another host forgets the stored one.",
            "Changes are drafts until they are published.",
        ],
        filters: &[],
    },
    ScreenHelp {
        section: Section::Models,
        slug: "models",
        shows: "The names clients may ask for, and the targets that serve each.",
        reading: &[
            "Targets are tried in order; the next one takes over when one fails in a way another may mend.",
            "What a model can do is the price book's word until you say otherwise. What you say it cannot do is refused before its provider is asked.",
            "Changes are drafts until they are published.",
        ],
        filters: &[],
    },
    ScreenHelp {
        section: Section::Prices,
        slug: "prices",
        shows: "What units cost, from which source, known since when.",
        reading: &[
            "A request is rated with the price in force when it ended. A model without a price is counted and shown as unrated.",
        ],
        filters: &[],
    },
    ScreenHelp {
        section: Section::Publishing,
        slug: "publishing",
        shows: "What is not published yet, and every revision that was.",
        reading: &[
            "Publishing checks the draft, numbers and signs it, and hands it to the gateways. Each says whether it took it.",
            "Restoring an older revision makes a new one with the old content: numbers only go up.",
            "Each change leads to its object. Its history shows every version, restores one, or discards what is not published.",
        ],
        filters: &[],
    },
    ScreenHelp {
        section: Section::Gateways,
        slug: "gateways",
        shows: "Every gateway: which revision it runs, when it was last heard of, what waits on its disk.",
        reading: &[
            "A gateway that cannot reach the control plane keeps serving with the last policy it understood.",
            "Drain one before you stop it: it finishes what it has, and the page says when. Forget one that will not come back.",
        ],
        filters: &[],
    },
    ScreenHelp {
        section: Section::Audit,
        slug: "audit",
        shows: "Who changed what, when, and how it was before and after.",
        reading: &[
            "Rows are chained: each carries a hash of itself and the row before, so that a changed, removed or moved row is found.",
            "Secrets never enter it.",
        ],
        filters: &[],
    },
    ScreenHelp {
        section: Section::Settings,
        slug: "settings",
        shows: "People, sessions, tokens and workspaces.",
        reading: &[
            "A role holds in one workspace or in all. Whoever may read figures may not read bodies until that is given too.",
            "People come in by an invitation: a link that works once, for a week. Nothing is sent; whoever invites hands it on.",
            "Nobody gives more than they have, and the last administrator of everything stays. Changes act at once, also on open pages.",
            "A workspace says how much of a request is kept, and for how long: bodies and calls each have their days. Sums and books stay.",
        ],
        filters: &[],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_screen_of_the_navigation_has_help_in_its_order() {
        let listed: Vec<Section> =
            NAVIGATION.iter().flat_map(|group| group.entries).map(|entry| entry.section).collect();
        let helped: Vec<Section> = SCREENS.iter().map(|screen| screen.section).collect();
        assert_eq!(helped, listed);
    }

    #[test]
    fn every_example_is_a_filter_that_is_understood() {
        for (example, _) in SCREENS.iter().flat_map(|screen| screen.filters) {
            assert!(weir_contract::filter::Filter::parse(example).is_ok(), "{example}");
        }
    }
}
