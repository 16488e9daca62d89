//! Rights, the roles that carry them, and the marker types by which a handler's signature names the right it needs.

use weir_contract::id::WorkspaceId;

/// One thing somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Right {
    /// See requests, customers, costs: figures and facts, no bodies.
    ReadFigures,
    /// Read what was asked and answered.
    ReadBodies,
    /// See how things are set up: keys, endpoints, models, gateways, revisions.
    ReadSetup,
    /// See what is in force on all gateways, and what would come into force: every workspace's set-up is in it.
    ReadRevisions,
    /// Create and revoke keys.
    ManageKeys,
    /// Change endpoints, models, credentials.
    ManageProviders,
    /// Publish drafts and restore revisions.
    Publish,
    /// Create and change workspaces.
    ManageWorkspaces,
    /// Create and revoke API tokens.
    ManageTokens,
    /// Enrol gateways, drain them, take their tokens away.
    ManageGateways,
    /// Invite people, change what they may do, end their sessions.
    ManagePeople,
    /// See who changed what, verify and export it.
    ReadAudit,
    /// Look after oneself: name, password, sessions, saved views.
    OwnAccount,
}

impl Right {
    /// Every right.
    pub const ALL: [Self; 13] = [
        Self::ReadFigures,
        Self::ReadBodies,
        Self::ReadSetup,
        Self::ReadRevisions,
        Self::ManageKeys,
        Self::ManageProviders,
        Self::Publish,
        Self::ManageWorkspaces,
        Self::ManageTokens,
        Self::ManageGateways,
        Self::ManagePeople,
        Self::ReadAudit,
        Self::OwnAccount,
    ];

    /// "the right to …"
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::ReadFigures => "see requests and costs",
            Self::ReadBodies => "read bodies",
            Self::ReadSetup => "see the set-up",
            Self::ReadRevisions => "see what is published for all workspaces",
            Self::ManageKeys => "manage keys",
            Self::ManageProviders => "manage providers and models",
            Self::Publish => "publish",
            Self::ManageWorkspaces => "manage workspaces",
            Self::ManageTokens => "manage API tokens",
            Self::ManageGateways => "manage gateways",
            Self::ManagePeople => "manage people",
            Self::ReadAudit => "read the audit log",
            Self::OwnAccount => "look after one's own account",
        }
    }
}

impl Right {
    /// Whether it concerns the whole installation: a role in one workspace does not carry it, whatever the role.
    #[must_use]
    pub const fn is_for_all(self) -> bool {
        matches!(self, Self::ReadRevisions | Self::Publish | Self::ManageGateways | Self::ReadAudit)
    }
}

/// What somebody is in a workspace, the least first: each may do all that those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Looks at figures.
    Viewer,
    /// Works with requests and keys.
    Member,
    /// May do everything; bodies, see [`Grant::read_bodies`].
    Admin,
}

impl Role {
    /// As stored and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Member => "member",
            Self::Viewer => "viewer",
        }
    }

    /// Reads [`Role::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Admin, Self::Member, Self::Viewer].into_iter().find(|role| role.name() == name)
    }

    const fn carries(self, right: Right) -> bool {
        match self {
            Self::Admin => true,
            Self::Member => matches!(right, Right::ManageKeys) || Self::Viewer.carries(right),
            Self::Viewer => matches!(
                right,
                Right::ReadFigures | Right::ReadSetup | Right::ReadRevisions | Right::OwnAccount
            ),
        }
    }
}

/// A role in one workspace or in all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Where; `None` is everywhere, and the only place where shared objects may be changed.
    pub workspace: Option<WorkspaceId>,
    /// What.
    pub role: Role,
    /// Whether bodies may be read: a right of its own, whatever the role. People who are admins have it; a token of an
    /// admin only when its maker said so.
    pub read_bodies: bool,
}

impl Grant {
    /// Whether the grant carries the right, wherever it holds.
    #[must_use]
    pub fn carries(&self, right: Right) -> bool {
        let reaches = self.workspace.is_none() || !right.is_for_all();
        reaches && if right == Right::ReadBodies { self.read_bodies } else { self.role.carries(right) }
    }

    /// What is left of the grant within another: nothing when they hold in different workspaces.
    #[must_use]
    pub fn within(&self, other: &Self) -> Option<Self> {
        let workspace = match (&self.workspace, &other.workspace) {
            (Some(here), Some(there)) if here != there => return None,
            (Some(here), _) => Some(here.clone()),
            (None, there) => there.clone(),
        };
        let role = self.role.min(other.role);
        Some(Self { workspace, role, read_bodies: self.read_bodies && other.read_bodies })
    }

    /// Whether the grant carries the right in that workspace (`None`: for what all share).
    #[must_use]
    pub fn carries_in(&self, right: Right, workspace: Option<&WorkspaceId>) -> bool {
        self.carries(right) && (self.workspace.is_none() || self.workspace.as_ref() == workspace)
    }
}

/// A type that stands for a right in a handler's signature.
pub trait Permission: Send + Sync + 'static {
    /// The right.
    const RIGHT: Right;
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;
        impl Permission for $name {
            const RIGHT: Right = Right::$name;
        }
    )+};
}

permissions! {
    /// [`Right::ReadFigures`]
    ReadFigures
    /// [`Right::ReadBodies`]
    ReadBodies
    /// [`Right::ReadSetup`]
    ReadSetup
    /// [`Right::ReadRevisions`]
    ReadRevisions
    /// [`Right::ManageKeys`]
    ManageKeys
    /// [`Right::ManageProviders`]
    ManageProviders
    /// [`Right::Publish`]
    Publish
    /// [`Right::ManageWorkspaces`]
    ManageWorkspaces
    /// [`Right::ManageTokens`]
    ManageTokens
    /// [`Right::ManageGateways`]
    ManageGateways
    /// [`Right::ManagePeople`]
    ManagePeople
    /// [`Right::ReadAudit`]
    ReadAudit
    /// [`Right::OwnAccount`]
    OwnAccount
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_in_one_workspace_reaches_neither_another_nor_what_all_share() {
        let here = WorkspaceId::from("ws_1");
        let grant = Grant { workspace: Some(here.clone()), role: Role::Admin, read_bodies: false };
        assert!(grant.carries_in(Right::ManageKeys, Some(&here)));
        assert!(!grant.carries_in(Right::ManageKeys, Some(&WorkspaceId::from("ws_2"))));
        assert!(!grant.carries_in(Right::ManageProviders, None));
    }

    #[test]
    fn reading_bodies_is_a_right_of_its_own() {
        let mut grant = Grant { workspace: None, role: Role::Member, read_bodies: false };
        assert!(!grant.carries(Right::ReadBodies));
        grant.read_bodies = true;
        assert!(grant.carries(Right::ReadBodies));
        assert!(!grant.carries(Right::Publish));
        let admin = Grant { workspace: None, role: Role::Admin, read_bodies: false };
        assert!(admin.carries(Right::Publish) && !admin.carries(Right::ReadBodies));
    }

    #[test]
    fn a_grant_within_another_is_never_more_than_either() {
        let places = [None, Some(WorkspaceId::from("ws_1")), Some(WorkspaceId::from("ws_2"))];
        let roles = [Role::Viewer, Role::Member, Role::Admin];
        let all: Vec<Grant> = places
            .iter()
            .flat_map(|place| roles.map(|role| (place.clone(), role)))
            .flat_map(|(workspace, role)| {
                [true, false].map(|read_bodies| Grant { workspace: workspace.clone(), role, read_bodies })
            })
            .collect();
        for (one, other) in all.iter().flat_map(|one| all.iter().map(move |other| (one, other))) {
            let within = one.within(other);
            for right in Right::ALL {
                for place in &places {
                    let both =
                        one.carries_in(right, place.as_ref()) && other.carries_in(right, place.as_ref());
                    let left = within.as_ref().is_some_and(|grant| grant.carries_in(right, place.as_ref()));
                    assert_eq!(left, both, "{right:?} in {place:?}: {one:?} within {other:?}");
                }
            }
        }
    }
}
