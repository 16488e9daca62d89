//! People: links open once, nobody gives more than they have, the last administrator stays, changes act at once.

use axum::body::Body;
use axum::response::Response;
use http::{Request, StatusCode, header};
use tower::ServiceExt as _;
use weir_web::navigation::entries;

use crate::account::{self, PasswordChange};
use crate::api_tokens::{self, NewApiToken};
use crate::auth::session::{COOKIE_NAME, Origin, actor_of};
use crate::auth::sign_in::{FirstAdmin, SignIn, create_first_admin, sign_in};
use crate::auth::{Actor, Right};
use crate::error::AppError;
use crate::keys::{self, KeyForm};
use crate::people::invitation::{self, Acceptance, InvitationForm};
use crate::people::reset::{self, NewPassword};
use crate::people::{self, Disabling, MemberForm, PersonForm, RoleIn, sessions};
use crate::precondition::Expected;
use crate::testing::House;
use crate::workspaces::{self, Workspace, WorkspaceForm};
use crate::{audit, server};

const PASSWORD: &str = "correct horse battery";
const DAY_US: i64 = 86_400_000_000;

fn role(workspace: Option<&Workspace>, name: &str) -> RoleIn {
    let workspace = workspace.map(|workspace| workspace.id.clone());
    RoleIn { workspace, role: name.to_owned(), read_bodies: false }
}

fn form(email: &str, roles: Vec<RoleIn>) -> InvitationForm {
    InvitationForm { email: email.to_owned(), roles }
}

fn token_of(link: &str) -> String {
    link.split_once("token=").unwrap().1.to_owned()
}

fn acceptance(link: &str, name: &str) -> Acceptance {
    Acceptance { token: token_of(link), name: name.to_owned(), password: PASSWORD.to_owned() }
}

/// A control plane with an administrator and two workspaces.
struct Town {
    house: House,
    ada: Actor,
    here: Workspace,
    there: Workspace,
}

impl Town {
    async fn new() -> Self {
        let house = House::new().await;
        let first = FirstAdmin {
            token: token_of(&house.first.sign_in_link),
            name: "Ada".to_owned(),
            email: "ada@example.com".to_owned(),
            password: PASSWORD.to_owned(),
        };
        let session = create_first_admin(&house.app, &first, &Origin::default()).await.unwrap();
        let ada = actor_of(&house.app, &session).await.unwrap().unwrap();
        let here = workspaces::list(&house.app).await.unwrap().swap_remove(0);
        let more = serde_json::from_str::<WorkspaceForm>(r#"{"name":"there"}"#).unwrap();
        let there = workspaces::create(&house.app, &ada, more).await.unwrap();
        Self { house, ada, here, there }
    }

    async fn invite(&self, by: &Actor, email: &str, roles: Vec<RoleIn>) -> Result<String, AppError> {
        invitation::create(&self.house.app, by, form(email, roles)).await.map(|(_, link)| link)
    }

    /// Somebody who came in by an invitation: who they are, and their session.
    async fn with(&self, name: &str, roles: Vec<RoleIn>) -> (Actor, String) {
        let link = self.invite(&self.ada, &format!("{name}@example.com"), roles).await.unwrap();
        let accepted = acceptance(&link, name);
        let session = invitation::accept(&self.house.app, &accepted, &Origin::default()).await.unwrap();
        (self.now(&session).await.unwrap(), session)
    }

    /// Who that session is now.
    async fn now(&self, session: &str) -> Option<Actor> {
        actor_of(&self.house.app, session).await.unwrap()
    }

    async fn give(&self, by: &Actor, id: &str, roles: Vec<RoleIn>) -> Result<people::Person, AppError> {
        people::update(&self.house.app, by, id, PersonForm { roles }, &Expected::anything()).await
    }

    async fn get(&self, session: &str, path: &str) -> Response {
        let request = Request::get(path).header(header::COOKIE, format!("{COOKIE_NAME}={session}"));
        server::router(self.house.app.clone()).oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    async fn sign_in(&self, email: &str, password: &str) -> Result<String, AppError> {
        let form = SignIn { email: email.to_owned(), password: password.to_owned() };
        sign_in(&self.house.app, &form, "192.0.2.7".parse().unwrap(), &Origin::default()).await
    }
}

#[tokio::test]
async fn an_invitation_opens_once_within_a_week_and_not_after_it_was_withdrawn() {
    let town = Town::new().await;
    let app = &town.house.app;
    let viewer = || vec![role(Some(&town.here), "viewer")];
    let link = town.invite(&town.ada, " Bea@Example.com ", viewer()).await.unwrap();
    let (found, by) = invitation::find_open(app, &token_of(&link)).await.unwrap().unwrap();
    assert_eq!((found.email.as_str(), by.as_str()), ("bea@example.com", "Ada"));
    let twice = town.invite(&town.ada, "bea@example.com", viewer()).await.unwrap_err();
    assert!(matches!(twice, AppError::Invalid(_)), "one open invitation for an address: {twice}");
    let short = Acceptance { password: "short".to_owned(), ..acceptance(&link, "Bea") };
    let refused = invitation::accept(app, &short, &Origin::default()).await.unwrap_err();
    assert!(matches!(refused, AppError::Invalid(errors) if errors.of("password").is_some()));
    let session = invitation::accept(app, &acceptance(&link, "Bea"), &Origin::default()).await.unwrap();
    let bea = town.now(&session).await.unwrap();
    assert!(bea.may_in(Right::ReadFigures, Some(&town.here.id)) && !bea.may(Right::ReadBodies));
    assert!(!bea.may_in(Right::ReadFigures, Some(&town.there.id)));
    let again = invitation::accept(app, &acceptance(&link, "Eve"), &Origin::default()).await.unwrap_err();
    assert!(matches!(again, AppError::LinkUsed), "{again}");
    assert!(town.invite(&town.ada, "bea@example.com", viewer()).await.is_err(), "she has an account");

    let link = town.invite(&town.ada, "cy@example.com", viewer()).await.unwrap();
    let open = invitation::list(app, &town.ada).await.unwrap();
    invitation::withdraw(app, &town.ada, &open[0].id).await.unwrap();
    assert!(invitation::find_open(app, &token_of(&link)).await.unwrap().is_none());
    let link = town.invite(&town.ada, "cy@example.com", viewer()).await.unwrap();
    town.house.clock.advance(7 * DAY_US);
    assert!(invitation::find_open(app, &token_of(&link)).await.unwrap().is_none());
    let rows = audit::verify(&mut app.store.read().await.unwrap()).await.unwrap();
    assert!(rows > 8, "everything is on record: {rows}");
}

#[tokio::test]
async fn a_link_is_worth_what_its_maker_may_do_when_it_is_used() {
    let town = Town::new().await;
    let app = &town.house.app;
    let (bea, _) = town.with("bea", vec![role(None, "admin")]).await;
    let invited = town.invite(&bea, "cy@example.com", vec![role(None, "admin")]).await.unwrap();
    let (dan, _) = town.with("dan", vec![role(Some(&town.here), "viewer")]).await;
    let made = reset::create(app, &bea, &dan.id).await.unwrap();
    assert!(invitation::find_open(app, &token_of(&invited)).await.unwrap().is_some());
    assert!(reset::find_open(app, &token_of(&made.link)).await.unwrap().is_some());
    town.give(&town.ada, &bea.id, vec![role(Some(&town.there), "admin")]).await.unwrap();
    let refused = invitation::accept(app, &acceptance(&invited, "Cy"), &Origin::default()).await.unwrap_err();
    assert!(matches!(refused, AppError::LinkUsed), "{refused}");
    assert!(reset::find_open(app, &token_of(&made.link)).await.unwrap().is_none());
}

#[tokio::test]
async fn nobody_takes_over_an_account_that_reaches_further_than_theirs() {
    let town = Town::new().await;
    let app = &town.house.app;
    let (bea, _) = town.with("bea", vec![role(Some(&town.here), "admin")]).await;
    let (dan, _) = town.with("dan", vec![role(Some(&town.there), "viewer")]).await;
    let forbidden = |outcome: Result<(), AppError>| matches!(outcome, Err(AppError::Forbidden(_)));
    assert!(forbidden(reset::create(app, &bea, &town.ada.id).await.map(drop)));
    assert!(forbidden(people::disable(app, &bea, &town.ada.id, Disabling::default()).await.map(drop)));
    assert!(forbidden(sessions::end_sessions(app, &bea, &town.ada.id, None).await.map(drop)));
    assert!(forbidden(town.invite(&bea, "eve@example.com", vec![role(None, "viewer")]).await.map(drop)));
    assert!(forbidden(town.give(&bea, &bea.id, vec![role(None, "admin")]).await.map(drop)));
    let unseen = people::find(app, &bea, &dan.id).await.unwrap_err();
    assert!(matches!(unseen, AppError::NotFound { .. }), "another workspace's people are not seen: {unseen}");
    assert!(matches!(reset::create(app, &bea, &dan.id).await, Err(AppError::NotFound { .. })));

    // She may make him a member of her own workspace, and take that away; the rest of him stays.
    let member = MemberForm { role: "member".to_owned(), read_bodies: false };
    let set = people::set_member(app, &bea, &town.here.id, "DAN@example.com", member.clone()).await.unwrap();
    assert_eq!(set.roles.len(), 1, "she sees what is hers: {set:?}");
    let elsewhere = people::set_member(app, &bea, &town.there.id, &dan.id, member).await;
    assert!(forbidden(elsewhere.map(drop)));
    assert!(forbidden(reset::create(app, &bea, &dan.id).await.map(drop)), "he reaches further");
    town.give(&bea, &dan.id, Vec::new()).await.unwrap();
    let left = people::find(app, &town.ada, &dan.id).await.unwrap();
    assert_eq!(left.roles, [role(Some(&town.there), "viewer")]);
}

#[tokio::test]
async fn the_last_administrator_stays_whoever_asks_and_whatever_for() {
    let town = Town::new().await;
    let app = &town.house.app;
    let viewer = || vec![role(None, "viewer")];
    let refused = town.give(&town.ada, &town.ada.id, viewer()).await.unwrap_err();
    assert!(matches!(&refused, AppError::Conflict(why) if why.contains("last administrator")), "{refused}");
    let first = api_tokens::list(app, &town.ada).await.unwrap().swap_remove(0);
    let script = api_tokens::identify(app, &town.house.first.api_token).await.unwrap();
    assert_eq!(first.id, script.id);
    let refused = people::disable(app, &script, &town.ada.id, Disabling::default()).await.unwrap_err();
    assert!(matches!(refused, AppError::Conflict(_)), "{refused}");
    assert!(people::find(app, &town.ada, &town.ada.id).await.unwrap().disabled_us.is_none());
    let (bea, _) = town.with("bea", vec![role(None, "admin")]).await;
    let (one, other) =
        tokio::join!(town.give(&town.ada, &bea.id, viewer()), town.give(&bea, &town.ada.id, viewer()),);
    assert!(one.is_ok() != other.is_ok(), "two who demote each other at once: one of them stays");
    let own = people::disable(app, &town.ada, &town.ada.id, Disabling::default()).await.unwrap_err();
    assert!(matches!(own, AppError::Conflict(_) | AppError::Forbidden(_)), "{own}");
}

#[tokio::test]
async fn a_change_made_from_an_older_page_is_refused_with_the_newer_roles() {
    let town = Town::new().await;
    let (bea, _) = town.with("bea", vec![role(Some(&town.here), "viewer")]).await;
    let seen = people::find(&town.house.app, &town.ada, &bea.id).await.unwrap();
    town.give(&town.ada, &bea.id, vec![role(Some(&town.here), "member")]).await.unwrap();
    let form = PersonForm { roles: Vec::new() };
    let late = people::update(&town.house.app, &town.ada, &bea.id, form, &Expected::tag(&seen.tag())).await;
    assert!(matches!(late, Err(AppError::Overtaken { .. })));
    let unknown = town.give(&town.ada, &bea.id, vec![role(None, "owner")]).await.unwrap_err();
    assert!(matches!(unknown, AppError::Invalid(errors) if errors.of("roles/0/role").is_some()));
}

#[tokio::test]
async fn shutting_out_ends_everything_at_once_and_can_be_taken_back() {
    let town = Town::new().await;
    let app = &town.house.app;
    let (bea, session) = town.with("bea", vec![role(None, "admin")]).await;
    let token = NewApiToken { name: "ci".to_owned(), role: "viewer".to_owned(), ..NewApiToken::default() };
    let (_, secret) = api_tokens::create(app, &bea, token).await.unwrap();
    let made = reset::create(app, &town.ada, &bea.id).await.unwrap();
    people::disable(app, &town.ada, &bea.id, Disabling { revoke_tokens: true }).await.unwrap();
    assert!(town.now(&session).await.is_none());
    assert!(api_tokens::identify(app, &secret).await.is_err(), "her token is revoked too");
    assert!(reset::find_open(app, &token_of(&made.link)).await.unwrap().is_none());
    assert!(matches!(town.sign_in("bea@example.com", PASSWORD).await, Err(AppError::WrongCredentials)));
    let refused = reset::create(app, &town.ada, &bea.id).await.unwrap_err();
    assert!(matches!(refused, AppError::Conflict(_)), "{refused}");
    people::enable(app, &town.ada, &bea.id).await.unwrap();
    town.sign_in("bea@example.com", PASSWORD).await.unwrap();
    assert!(town.now(&session).await.is_none(), "what was ended stays ended");
    let trail = crate::store::audit::list_rows_of(&mut app.store.read().await.unwrap(), &bea.id, 9).await;
    let actions: Vec<String> = trail.unwrap().into_iter().map(|row| row.action).collect();
    assert_eq!(
        actions,
        ["session.create", "person.enable", "person.disable", "person.reset_link", "person.create"]
    );
}

#[tokio::test]
async fn a_new_password_ends_every_other_session() {
    let town = Town::new().await;
    let app = &town.house.app;
    let (bea, session) = town.with("bea", vec![role(Some(&town.here), "viewer")]).await;
    let other = town.sign_in("bea@example.com", PASSWORD).await.unwrap();
    let address = "192.0.2.8".parse().unwrap();
    let change =
        |current: &str| PasswordChange { current: current.to_owned(), password: "another one".to_owned() };
    let wrong = account::change_password(app, &bea, &change("guess"), address, &Origin::default()).await;
    assert!(matches!(wrong, Err(AppError::Invalid(errors)) if errors.of("current").is_some()));
    let own =
        account::change_password(app, &bea, &change(PASSWORD), address, &Origin::default()).await.unwrap();
    assert!(town.now(&session).await.is_none() && town.now(&other).await.is_none());
    assert!(town.now(&own).await.is_some() && own != session);
    assert!(town.sign_in("bea@example.com", PASSWORD).await.is_err());

    // Forgotten: the second link is the only one, and opens once.
    let first = reset::create(app, &town.ada, &bea.id).await.unwrap();
    let second = reset::create(app, &town.ada, &bea.id).await.unwrap();
    assert!(reset::find_open(app, &token_of(&first.link)).await.unwrap().is_none());
    let form = NewPassword { token: token_of(&second.link), password: "a third password".to_owned() };
    let fresh = reset::redeem(app, &form, &Origin::default()).await.unwrap();
    assert!(town.now(&own).await.is_none() && town.now(&fresh).await.is_some());
    let again = reset::redeem(app, &form, &Origin::default()).await.unwrap_err();
    assert!(matches!(again, AppError::LinkUsed), "{again}");
    town.sign_in("bea@example.com", "a third password").await.unwrap();
    let late = reset::create(app, &town.ada, &bea.id).await.unwrap();
    town.house.clock.advance(DAY_US);
    assert!(reset::find_open(app, &token_of(&late.link)).await.unwrap().is_none(), "a day is over");
    account::rename(app, &bea, " Beatrix ").await.unwrap();
    let named = people::find(app, &town.ada, &bea.id).await.unwrap();
    assert_eq!((named.name.as_str(), named.last_seen_us.is_some()), ("Beatrix", true));
    assert!(account::rename(app, &bea, "").await.is_err());
}

#[tokio::test]
async fn guessing_the_password_one_has_is_slowed_down() {
    let town = Town::new().await;
    let address = "192.0.2.9".parse().unwrap();
    let change = PasswordChange { current: "guess".to_owned(), password: "another one".to_owned() };
    let mut outcome = Ok(String::new());
    for _ in 0..31 {
        outcome =
            account::change_password(&town.house.app, &town.ada, &change, address, &Origin::default()).await;
    }
    assert!(matches!(outcome, Err(AppError::Throttled { .. })));
}

#[tokio::test]
async fn a_member_makes_keys_in_their_workspace_and_nowhere_else() {
    let town = Town::new().await;
    let (mia, _) = town.with("mia", vec![role(Some(&town.here), "member")]).await;
    let key = |workspace: &Workspace| KeyForm {
        name: "mine".to_owned(),
        workspace: workspace.id.clone(),
        ..KeyForm::default()
    };
    let made = keys::create(&town.house.app, &mia, key(&town.here)).await.unwrap();
    assert_eq!(made.key.created_by, mia.id);
    let refused = keys::create(&town.house.app, &mia, key(&town.there)).await.map(drop).unwrap_err();
    assert!(matches!(refused, AppError::Forbidden(Right::ManageKeys)), "{refused}");
}

#[tokio::test]
async fn the_navigation_shows_exactly_what_opens() {
    let town = Town::new().await;
    let here = Some(&town.here);
    for (name, roles) in [
        ("root", vec![role(None, "admin")]),
        ("head", vec![role(here, "admin")]),
        ("mia", vec![role(here, "member")]),
        ("vic", vec![role(here, "viewer")]),
    ] {
        let (_, session) = town.with(name, roles).await;
        let settings = town.get(&session, "/settings").await;
        let bytes = axum::body::to_bytes(settings.into_body(), 1 << 20).await.unwrap();
        let page = String::from_utf8(bytes.to_vec()).unwrap();
        for entry in entries() {
            let status = town.get(&session, entry.href).await.status();
            let is_shown = page.contains(&format!("data-go=\"{}\"", entry.key));
            let is_closed = status == StatusCode::FORBIDDEN;
            assert_eq!(is_shown, !is_closed, "{name} and {}: {status}", entry.href);
        }
        let people = town.get(&session, "/settings/people").await.status();
        assert_eq!(page.contains("href=\"/settings/people\""), people == StatusCode::OK, "{name}");
    }
}

#[tokio::test]
async fn whoever_can_read_the_data_folder_lets_an_administrator_in_again() {
    let town = Town::new().await;
    let app = &town.house.app;
    let operator = people::operator::of(app.clone());
    assert!(operator.reset_link("nobody@example.com").await.is_err());
    let made = operator.reset_link(" ADA@example.com").await.unwrap();
    let form = NewPassword { token: token_of(&made.link), password: "found it again".to_owned() };
    reset::redeem(app, &form, &Origin::default()).await.unwrap();
    town.sign_in("ada@example.com", "found it again").await.unwrap();
    let (_, link) = operator.invite(form_of_admin()).await.unwrap();
    invitation::accept(app, &acceptance(&link, "Zoe"), &Origin::default()).await.unwrap();
    assert_eq!(operator.list().await.unwrap().len(), 2);
    let head = crate::store::audit::list_rows_of(&mut app.store.read().await.unwrap(), &town.ada.id, 9).await;
    assert!(head.unwrap().iter().any(|row| row.actor == "operator" && row.action == "person.reset_link"));
}

fn form_of_admin() -> InvitationForm {
    form("zoe@example.com", vec![role(None, "admin")])
}
