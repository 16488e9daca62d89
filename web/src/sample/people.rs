//! Samples of people: the list, one person, members, and the doors that links open.

use super::{NOW_US, Sample, Words, busy_shell, put, shell};
use crate::form::{Choice, Field, FieldError};
use crate::page::keys::{Pick, TrailRow};
use crate::page::people::{
    InvitationForm, InvitationRow, MemberForm, MemberRow, PersonRow, RoleField, RolesForm,
};
use crate::page::settings::{SessionRow, TokenRow};
use crate::page::{
    DisablementPage, InvitationPage, LinkShownPage, MembersPage, PeoplePage, PersonPage, ResetPage,
};
use crate::shell::{Link, Section, Shell};
use crate::url;

const DAY_US: i64 = 86_400_000_000;

fn person(words: &Words, n: i64) -> PersonRow {
    PersonRow {
        person_id: format!("person_{n}"),
        name: words.customer.into(),
        email: format!("{}@example.com", words.customer),
        roles: vec![format!("viewer in {}, without bodies", words.customer), "admin everywhere".into()],
        created_us: NOW_US - n * DAY_US,
        last_seen_us: (n != 3).then_some(NOW_US - n * 60_000_000),
        disabled_us: (n == 2).then_some(NOW_US - 60_000_000),
        is_reader: n == 1,
    }
}

pub(super) fn add(samples: &mut Vec<Sample>, words: &Words) -> Result<(), crate::Error> {
    put(samples, &format!("people-{}", words.suffix), &people(words))?;
    put(samples, &format!("person-{}", words.suffix), &one(words))?;
    let shut = DisablementPage {
        shell: shell("Shut out", Section::Settings),
        person_id: "person_1".into(),
        name: words.customer.into(),
    };
    put(samples, &format!("disablement-{}", words.suffix), &shut)?;
    let members = MembersPage {
        shell: busy_shell("Members of default", Section::Settings, words),
        workspace_id: "ws_1".into(),
        members: (1..=3).map(|n| member(words, n)).collect(),
        all: 61,
        next: Some("60".into()),
        form: MemberForm {
            email: Field::new(words.text).refused(FieldError::NotAnEmail),
            role: Field::new("member"),
            read_bodies: Field::new("on"),
        },
        now_us: NOW_US,
    };
    put(samples, &format!("members-{}", words.suffix), &members)?;
    let shown = LinkShownPage {
        shell: shell("Invitation", Section::Settings),
        email: words.customer.into(),
        sentence: words.text.into(),
        link: "http://127.0.0.1:8081/invitation?token=wlt_3f9c0a7be1d24c58a6f0".into(),
        expires_us: NOW_US + 7 * DAY_US,
        back: Link::new("I have copied it", url::PEOPLE),
    };
    put(samples, &format!("link-{}", words.suffix), &shown)?;
    let invitation = InvitationPage {
        shell: Shell { title: "Welcome to Weir".into(), ..Shell::default() },
        token: words.customer.into(),
        by: words.customer.into(),
        email: words.customer.into(),
        roles: vec![words.text.into()],
        expires_us: NOW_US + DAY_US,
        name: Field::new(words.text).refused(FieldError::TooLong { max: 200 }),
        password: Field::default().refused(FieldError::TooShort { min: 10 }),
        password_min: 10,
    };
    put(samples, &format!("invitation-{}", words.suffix), &invitation)?;
    let reset = ResetPage {
        shell: Shell { title: "A new password".into(), ..Shell::default() },
        token: words.customer.into(),
        email: words.customer.into(),
        password: Field::default().refused(FieldError::TooShort { min: 10 }),
        password_min: 10,
    };
    put(samples, &format!("reset-{}", words.suffix), &reset)
}

fn people(words: &Words) -> PeoplePage {
    let invitation = |n: i64| InvitationRow {
        invitation_id: format!("link_{n}"),
        email: words.customer.into(),
        roles: vec![format!("viewer in {}", words.customer)],
        created_us: NOW_US - n * DAY_US,
        by: words.customer.into(),
        expires_us: NOW_US + (2 - n) * DAY_US,
    };
    PeoplePage {
        shell: busy_shell("People", Section::Settings, words),
        people: (1..=3).map(|n| person(words, n)).collect(),
        search: words.text.into(),
        matching: 61,
        all: 70,
        next: Some("60".into()),
        invitations: (1..=2).map(invitation).collect(),
        more_invitations: 2,
        more_workspaces: 1,
        workspaces: vec![Link::new(words.customer, url::members("ws_1"))],
        form: InvitationForm {
            email: Field::new(words.customer).refused(FieldError::Taken),
            role: Field::new("member"),
            places: vec![Pick { value: "ws_1".into(), label: words.customer.into(), is_picked: true }],
            places_error: Some(FieldError::Required),
            read_bodies: Field::new("on"),
        },
        now_us: NOW_US,
    }
}

fn one(words: &Words) -> PersonPage {
    let row = |place: &str, role: &str| RoleField {
        place: place.into(),
        name: words.customer.into(),
        role: Field::new(role),
        read_bodies: true,
    };
    let session = SessionRow {
        session_id: "session1".into(),
        address: "192.0.2.1".into(),
        agent: words.text.into(),
        created_us: NOW_US - DAY_US,
        last_seen_us: NOW_US - 60_000_000,
        is_this: false,
    };
    let token = TokenRow {
        token_id: "token_1".into(),
        name: words.customer.into(),
        ends_with: "ab12".into(),
        scope: format!("viewer in {}", words.customer),
        ..TokenRow::default()
    };
    PersonPage {
        shell: busy_shell(words.customer, Section::Settings, words),
        person: person(words, 3),
        is_managed: true,
        form: RolesForm {
            tag: "0f".into(),
            rows: vec![row("*", "admin"), row("ws_1", "viewer")],
            more: 3,
            places: vec![Choice::new("ws_2", words.customer)],
            error: Some(FieldError::Other(words.text.into())),
            ..RolesForm::default()
        },
        fixed: vec![format!("viewer in {}", words.customer)],
        sessions: vec![session],
        tokens: vec![token],
        trail: Some(vec![TrailRow {
            at_us: NOW_US,
            who: words.customer.into(),
            action: "person.update".into(),
        }]),
        now_us: NOW_US,
    }
}

fn member(words: &Words, n: i64) -> MemberRow {
    let PersonRow { person_id, name, email, last_seen_us, disabled_us, .. } = person(words, n);
    let role = "viewer, without bodies".into();
    MemberRow { person_id, name, email, role, is_own: n != 1, last_seen_us, disabled_us }
}

pub(super) fn add_empty(samples: &mut Vec<Sample>) -> Result<(), crate::Error> {
    let people =
        PeoplePage { shell: shell("People", Section::Settings), now_us: NOW_US, ..PeoplePage::default() };
    put(samples, "people-empty", &people)?;
    let person =
        PersonPage { shell: shell("Ada", Section::Settings), now_us: NOW_US, ..PersonPage::default() };
    put(samples, "person-empty", &person)?;
    let shell = shell("Members of default", Section::Settings);
    put(samples, "members-empty", &MembersPage { shell, now_us: NOW_US, ..MembersPage::default() })
}
