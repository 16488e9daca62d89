//! The navigation: every screen, in groups, with the key that leads to it.

use crate::shell::Section;
use crate::url;

/// A group of the navigation.
#[derive(Debug)]
pub struct Group {
    /// Its heading.
    pub name: &'static str,
    /// Its entries.
    pub entries: &'static [Entry],
}

/// An entry of the navigation and of the command palette.
#[derive(Debug)]
pub struct Entry {
    /// Which screen it lights for.
    pub section: Section,
    /// What it says.
    pub name: &'static str,
    /// Where it leads.
    pub href: &'static str,
    /// Its icon.
    pub icon: &'static str,
    /// The key that leads there after `g`.
    pub key: &'static str,
}

/// A group of the navigation, with the entries a reader may open.
#[derive(Debug)]
pub struct OpenGroup {
    /// Its heading.
    pub name: &'static str,
    /// Its entries.
    pub entries: Vec<&'static Entry>,
}

/// The navigation without the screens that are closed to a reader, and without groups that would be empty.
#[must_use]
pub fn open(closed: &[Section]) -> Vec<OpenGroup> {
    let groups = NAVIGATION.iter().map(|group| OpenGroup {
        name: group.name,
        entries: group.entries.iter().filter(|entry| !closed.contains(&entry.section)).collect(),
    });
    groups.filter(|group| !group.entries.is_empty()).collect()
}

/// Every entry, in the order it is read.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    NAVIGATION.iter().flat_map(|group| group.entries)
}

/// The whole navigation, in the order it is read.
pub(crate) const NAVIGATION: &[Group] = &[
    Group {
        name: "Watch",
        entries: &[
            Entry {
                section: Section::Overview,
                name: "Overview",
                href: url::OVERVIEW,
                icon: "layout-dashboard",
                key: "o",
            },
            Entry {
                section: Section::Requests,
                name: "Requests",
                href: url::REQUESTS,
                icon: "list",
                key: "r",
            },
            Entry {
                section: Section::Customers,
                name: "Customers",
                href: url::CUSTOMERS,
                icon: "users",
                key: "c",
            },
        ],
    },
    Group {
        name: "Set up",
        entries: &[
            Entry { section: Section::Keys, name: "Keys", href: url::KEYS, icon: "key-round", key: "k" },
            Entry {
                section: Section::Providers,
                name: "Providers",
                href: url::PROVIDERS,
                icon: "plug",
                key: "p",
            },
            Entry { section: Section::Models, name: "Models", href: url::MODELS, icon: "boxes", key: "m" },
            Entry { section: Section::Prices, name: "Prices", href: url::PRICES, icon: "receipt", key: "x" },
            Entry {
                section: Section::Publishing,
                name: "Publishing",
                href: url::PUBLISHING,
                icon: "rocket",
                key: "u",
            },
            Entry {
                section: Section::Gateways,
                name: "Gateways",
                href: url::GATEWAYS,
                icon: "server",
                key: "g",
            },
        ],
    },
    Group {
        name: "Admin",
        entries: &[
            Entry {
                section: Section::Audit,
                name: "Audit log",
                href: url::AUDIT,
                icon: "scroll-text",
                key: "a",
            },
            Entry {
                section: Section::Settings,
                name: "Settings",
                href: url::SETTINGS,
                icon: "settings",
                key: "s",
            },
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_closed_is_left_out_and_an_empty_group_too() {
        let all: usize = open(&[]).iter().map(|group| group.entries.len()).sum();
        assert_eq!(all, entries().count());
        let open = open(&[Section::Audit, Section::Settings]);
        assert!(open.iter().all(|group| group.name != "Admin"));
        assert_eq!(open.iter().map(|group| group.entries.len()).sum::<usize>(), all - 2);
    }
}
