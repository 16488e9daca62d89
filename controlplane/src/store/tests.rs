//! What the store promises, on SQLite and PostgreSQL alike.

use sqlx::AssertSqlSafe;
use weir_contract::money::Money;
use weir_contract::policy::{Section, SectionKind};
use weir_contract::sync::{BatchSummary, BookLine};

use super::testing::on_both;
use super::*;
use crate::audit::{self, ChainError, Change};
use crate::testing::NOW_US;

on_both! {
    migrating_again_changes_nothing
    numbers_have_no_gap_and_a_lost_transaction_gives_its_number_back
    names_are_unique_where_they_must_be
    a_link_opens_once
    a_persons_links_and_roles_are_kept_and_go
    the_second_of_two_editors_is_told
    a_views_name_is_unique_where_it_is_seen
    history_outlives_its_object
    a_section_is_kept_once_and_found_by_its_hash
    a_token_belongs_to_the_gateway_that_used_it_first
    a_batch_is_entered_once
    new_customers_are_bounded_and_the_bound_is_counted
    the_audit_chain_holds_until_somebody_touches_it
    readers_see_only_what_is_committed
    writers_queue_and_see_what_the_one_before_wrote
}

async fn migrating_again_changes_nothing(store: &Store) {
    let mut writing = store.write().await.unwrap();
    migrate::migrate(&mut writing, NOW_US + 1, None).await.unwrap();
    let (applied,): (i64,) = sqlx::query_as("SELECT MAX(applied_us) FROM schema_migration")
        .fetch_one(&mut *writing)
        .await
        .unwrap();
    assert_eq!(applied, NOW_US);
    sqlx::query(
        "INSERT INTO schema_migration (number, name, checksum, applied_us) VALUES (900, 'x', 'y', 1)",
    )
    .execute(&mut *writing)
    .await
    .unwrap();
    let refused = migrate::migrate(&mut writing, NOW_US, None).await.unwrap_err();
    assert!(refused.to_string().contains("version 900"), "{refused}");
}

async fn numbers_have_no_gap_and_a_lost_transaction_gives_its_number_back(store: &Store) {
    let mut writing = store.write().await.unwrap();
    assert_eq!(next_number(&mut writing, "revision").await.unwrap(), 1);
    drop(writing);
    let mut writing = store.write().await.unwrap();
    assert_eq!(next_number(&mut writing, "revision").await.unwrap(), 1);
    assert_eq!(next_number(&mut writing, "revision").await.unwrap(), 2);
    writing.commit().await.unwrap();
}

async fn names_are_unique_where_they_must_be(store: &Store) {
    let mut writing = store.write().await.unwrap();
    let row = workspace::WorkspaceRow {
        id: "ws_1".to_owned(),
        name: "default".to_owned(),
        environment: String::new(),
        log_level: "full".to_owned(),
        retention_days: 30,
        calls_days: 400,
        created_us: NOW_US,
    };
    workspace::create_workspace(&mut writing, &row).await.unwrap();
    writing.commit().await.unwrap();
    let mut writing = store.write().await.unwrap();
    let twin = workspace::WorkspaceRow { id: "ws_2".to_owned(), ..row };
    let refused = workspace::create_workspace(&mut writing, &twin).await.unwrap_err();
    assert!(matches!(refused, StoreError::Taken("a workspace of that name")), "{refused}");
}

async fn a_views_name_is_unique_where_it_is_seen(store: &Store) {
    let row = |id: &str, place: &str, workspace: &str| view::ViewRow {
        id: id.to_owned(),
        owner: "ada".to_owned(),
        workspace_id: workspace.to_owned(),
        place: place.to_owned(),
        name: "Failures".to_owned(),
        query_json: "{}".to_owned(),
        created_us: NOW_US,
        updated_us: NOW_US,
    };
    let mut writing = store.write().await.unwrap();
    view::create_view(&mut writing, &row("view_1", "ada", "")).await.unwrap();
    view::create_view(&mut writing, &row("view_2", "ws_1", "ws_1")).await.unwrap();
    writing.commit().await.unwrap();
    let mut writing = store.write().await.unwrap();
    let refused = view::create_view(&mut writing, &row("view_3", "ws_1", "ws_1")).await.unwrap_err();
    assert!(matches!(refused, StoreError::Taken("a view of that name")), "{refused}");
    drop(writing);
    let mut writing = store.write().await.unwrap();
    assert_eq!(view::list_views(&mut writing, "ben", 10).await.unwrap().len(), 1, "the shared one");
    assert_eq!(view::count_views(&mut writing, "ada").await.unwrap(), 2);
    view::delete_view(&mut writing, "view_1").await.unwrap();
    assert!(view::find_view(&mut writing, "view_1").await.unwrap().is_none());
}

async fn a_link_opens_once(store: &Store) {
    let mut writing = store.write().await.unwrap();
    session::create_only_link(&mut writing, "first_admin", "old", 0, 10).await.unwrap();
    session::create_only_link(&mut writing, "first_admin", "new", 0, 10).await.unwrap();
    assert!(!session::find_link(&mut writing, "first_admin", "old", 1).await.unwrap());
    assert!(session::find_link(&mut writing, "first_admin", "new", 1).await.unwrap());
    assert!(
        !session::delete_link(&mut writing, "first_admin", "new", 10).await.unwrap(),
        "it is too old then"
    );
    assert!(session::delete_link(&mut writing, "first_admin", "new", 9).await.unwrap());
    assert!(!session::delete_link(&mut writing, "first_admin", "new", 9).await.unwrap());
}

async fn a_persons_links_and_roles_are_kept_and_go(store: &Store) {
    let row = |id: &str, purpose: &str, person: &str| link::LinkRow {
        id: id.to_owned(),
        purpose: purpose.to_owned(),
        token_hash: format!("hash of {id}"),
        email: "bea@example.com".to_owned(),
        person_id: person.to_owned(),
        roles_json: "[]".to_owned(),
        created_us: NOW_US,
        created_by: "ada".to_owned(),
        expires_us: NOW_US + 10,
    };
    let mut writing = store.write().await.unwrap();
    for (id, purpose, person) in
        [("link_1", "invitation", ""), ("link_2", "reset", "bea"), ("link_3", "reset", "cy")]
    {
        link::create_person_link(&mut writing, &row(id, purpose, person)).await.unwrap();
    }
    let open = link::find_open_link(&mut writing, "reset", "hash of link_2", NOW_US).await.unwrap();
    assert_eq!(open.map(|link| link.person_id).as_deref(), Some("bea"));
    let other = link::find_open_link(&mut writing, "invitation", "hash of link_2", NOW_US).await.unwrap();
    assert!(other.is_none(), "a link opens what it was made for");
    assert!(
        link::find_open_link(&mut writing, "reset", "hash of link_2", NOW_US + 10).await.unwrap().is_none()
    );
    link::delete_links_of(&mut writing, "bea").await.unwrap();
    assert!(link::find_person_link(&mut writing, "link_2").await.unwrap().is_none());
    assert_eq!(link::list_person_links(&mut writing, "reset").await.unwrap().len(), 1);
    assert!(link::delete_person_link(&mut writing, "link_1").await.unwrap());
    assert!(!link::delete_person_link(&mut writing, "link_1").await.unwrap(), "gone is gone");
    link::delete_links_ended(&mut writing, NOW_US + 10).await.unwrap();
    assert!(link::list_person_links(&mut writing, "reset").await.unwrap().is_empty());

    let bea = person::PersonRow {
        id: "bea".to_owned(),
        email: "bea@example.com".to_owned(),
        name: "Bea".to_owned(),
        password_hash: "x".to_owned(),
        created_us: NOW_US,
        disabled_us: None,
    };
    person::create_person(&mut writing, &bea).await.unwrap();
    let role = person::RoleRow { workspace_id: "*".to_owned(), role: "admin".to_owned(), read_bodies: 1 };
    person::create_role(&mut writing, "bea", &role).await.unwrap();
    assert_eq!(person::count_admins(&mut writing).await.unwrap(), 1);
    assert_eq!(person::list_all_roles(&mut writing).await.unwrap(), [("bea".to_owned(), role)]);
    let session = session::SessionRow {
        token_hash: "s".to_owned(),
        person_id: "bea".to_owned(),
        created_us: NOW_US,
        last_seen_us: NOW_US,
        expires_us: NOW_US + 10,
        address: String::new(),
        agent: String::new(),
    };
    session::create_session(&mut writing, &session).await.unwrap();
    session::update_session_seen(&mut writing, "s", NOW_US + 5, NOW_US + 20).await.unwrap();
    assert_eq!(session::delete_sessions_of(&mut writing, "bea").await.unwrap(), 1);
    let seen = person::find_seen_person(&mut writing, "bea").await.unwrap().unwrap();
    assert_eq!(seen.last_seen_us, Some(NOW_US + 5), "it outlives the session");
    let shut = person::PersonRow { disabled_us: Some(NOW_US), ..bea };
    person::update_person(&mut writing, &shut).await.unwrap();
    assert_eq!(person::count_admins(&mut writing).await.unwrap(), 0, "who is shut out does not count");
    person::delete_roles(&mut writing, "bea").await.unwrap();
    assert!(person::list_roles(&mut writing, "bea").await.unwrap().is_empty());
}

fn object(version: i64, body: &str) -> object::ObjectRow {
    object::ObjectRow {
        kind: "endpoint".to_owned(),
        id: "ep_1".to_owned(),
        workspace_id: String::new(),
        name: "openai".to_owned(),
        version,
        managed_by: "ui".to_owned(),
        body_json: body.to_owned(),
        updated_us: NOW_US,
        updated_by: "person_1".to_owned(),
    }
}

async fn the_second_of_two_editors_is_told(store: &Store) {
    let mut writing = store.write().await.unwrap();
    object::create_object(&mut writing, &object(1, "{}"), "").await.unwrap();
    assert!(object::update_object(&mut writing, &object(2, "{\"a\":1}"), "mine").await.unwrap());
    assert!(!object::update_object(&mut writing, &object(2, "{\"a\":2}"), "theirs").await.unwrap());
    let found = object::find_object(&mut writing, "endpoint", "ep_1").await.unwrap().unwrap();
    assert_eq!((found.version, found.body_json.as_str()), (2, "{\"a\":1}"));
}

async fn history_outlives_its_object(store: &Store) {
    let mut writing = store.write().await.unwrap();
    object::create_object(&mut writing, &object(1, "{}"), "made").await.unwrap();
    assert!(object::delete_object(&mut writing, &object(2, ""), "gone").await.unwrap());
    assert!(object::find_object(&mut writing, "endpoint", "ep_1").await.unwrap().is_none());
    let versions = object::list_versions(&mut writing, "endpoint", "ep_1").await.unwrap();
    let notes: Vec<(&str, &str)> =
        versions.iter().map(|version| (version.note.as_str(), version.body_json.as_str())).collect();
    assert_eq!(notes, [("gone", ""), ("made", "{}")]);
    assert_eq!(object::newest_version(&mut writing, "endpoint", "ep_1").await.unwrap(), 2);
}

async fn a_section_is_kept_once_and_found_by_its_hash(store: &Store) {
    let section = Section { kind: SectionKind::Keys, text: "[]".to_owned() };
    let named = vec![(section.reference(), section.clone())];
    let mut writing = store.write().await.unwrap();
    for revision in 1..=2 {
        let row = snapshot::SnapshotRow {
            revision,
            header: "h".to_owned(),
            signature: "s".to_owned(),
            cause: "publish".to_owned(),
            note: String::new(),
            author: String::new(),
            restored_from: (revision == 2).then_some(1),
            objects_json: "[]".to_owned(),
            created_us: NOW_US,
        };
        snapshot::create_snapshot(&mut writing, &row, &named).await.unwrap();
    }
    let newest = snapshot::find_newest(&mut writing).await.unwrap().unwrap();
    assert_eq!((newest.revision, newest.restored_from), (2, Some(1)));
    assert_eq!(snapshot::find_section(&mut writing, &named[0].0).await.unwrap(), section);
    let older = snapshot::list_snapshots(&mut writing, 2, 10).await.unwrap();
    assert_eq!(older.iter().map(|row| row.revision).collect::<Vec<_>>(), [1]);
}

async fn a_token_belongs_to_the_gateway_that_used_it_first(store: &Store) {
    let mut writing = store.write().await.unwrap();
    let row = gateway::GatewayTokenRow {
        id: "gtok_1".to_owned(),
        hash: "h".to_owned(),
        name: "one".to_owned(),
        gateway_id: None,
        created_us: NOW_US,
        created_by: String::new(),
        revoked_us: None,
    };
    gateway::create_token(&mut writing, &row).await.unwrap();
    assert!(gateway::update_token_tied(&mut writing, "gtok_1", "gw_a").await.unwrap());
    assert!(gateway::update_token_tied(&mut writing, "gtok_1", "gw_a").await.unwrap());
    assert!(!gateway::update_token_tied(&mut writing, "gtok_1", "gw_b").await.unwrap());
    let hello = gateway::GatewayRow { id: "gw_a".to_owned(), revision: 3, hello_us: 7, ..Default::default() };
    gateway::update_hello(&mut writing, &hello).await.unwrap();
    gateway::update_applied(&mut writing, "gw_a", 5, 8, 9).await.unwrap();
    gateway::update_applied(&mut writing, "gw_a", 4, 9, 10).await.unwrap();
    let found = gateway::list_gateways(&mut writing).await.unwrap().remove(0);
    assert_eq!(
        (found.revision, found.applied_at_us),
        (5, Some(8)),
        "an older revision never replaces a newer one"
    );
}

async fn a_batch_is_entered_once(store: &Store) {
    let line = BookLine {
        workspace: "ws_1".into(),
        customer: "acme".into(),
        key: "key_1".into(),
        billing_period: 202_611,
        requests: 1,
        calls: 2,
        cost: Money::from_nano(123),
        ..BookLine::default()
    };
    let batch = BatchSummary { batch: "gw-1-1".into(), sealed_at_us: NOW_US, lines: vec![line.clone()] };
    let row = ledger::BatchRow {
        batch_id: "gw-1-1".to_owned(),
        gateway_id: "gw".to_owned(),
        sealed_at_us: NOW_US,
        posted_us: NOW_US,
        lines: 1,
        cost_nano: 123,
        billed_nano: 0,
    };
    let mut writing = store.write().await.unwrap();
    assert!(ledger::create_batch(&mut writing, &row).await.unwrap());
    ledger::create_entry(&mut writing, &batch, &line).await.unwrap();
    assert!(!ledger::create_batch(&mut writing, &row).await.unwrap());
    ledger::create_entry(&mut writing, &batch, &line).await.unwrap();
    let sums = ledger::sum_entries(&mut writing, "ws_1", 202_611).await.unwrap();
    assert_eq!((sums.requests, sums.calls, sums.cost_nano), (1, 2, 123));
    assert_eq!(ledger::sum_entries(&mut writing, "ws_2", 202_611).await.unwrap(), ledger::Sums::default());
}

async fn new_customers_are_bounded_and_the_bound_is_counted(store: &Store) {
    let mut writing = store.write().await.unwrap();
    assert!(customer::take_new(&mut writing, "key_1", 5, 2).await.unwrap());
    assert!(customer::take_new(&mut writing, "key_1", 5, 2).await.unwrap());
    assert!(!customer::take_new(&mut writing, "key_1", 5, 2).await.unwrap());
    assert!(customer::take_new(&mut writing, "key_2", 5, 2).await.unwrap());
    assert!(customer::take_new(&mut writing, "key_1", 6, 2).await.unwrap());
    let day_of = async |conn: &mut Conn| -> Vec<(String, i64, i64, i64)> {
        sqlx::query_as("SELECT key_id, day, created, refused FROM customer_bound ORDER BY key_id, day")
            .fetch_all(conn)
            .await
            .unwrap()
    };
    let (one, two) = ("key_1".to_owned(), "key_2".to_owned());
    assert_eq!(day_of(&mut writing).await, [(one.clone(), 5, 2, 1), (one.clone(), 6, 1, 0), (two, 5, 1, 0)]);
    customer::delete_bounds_before(&mut writing, 6).await.unwrap();
    assert_eq!(day_of(&mut writing).await, [(one, 6, 1, 0)]);
}

async fn the_audit_chain_holds_until_somebody_touches_it(store: &Store) {
    let mut writing = store.write().await.unwrap();
    for number in 1..=5 {
        let after = format!("{{\"n\":{number}}}");
        let change =
            Change { actor: "person_1", action: "key.create", object: "key_1", before: String::new(), after };
        audit::append(&mut writing, NOW_US + number, change).await.unwrap();
    }
    assert_eq!(audit::verify(&mut writing).await.unwrap(), 5);
    writing.commit().await.unwrap();
    for (damage, row) in [
        ("UPDATE audit SET actor = 'person_2' WHERE seq = 3", 3),
        ("UPDATE audit SET after_json = '' WHERE seq = 1", 1),
        ("DELETE FROM audit WHERE seq = 2", 2),
        ("DELETE FROM audit WHERE seq = 5", 6 - 1),
        ("UPDATE audit SET previous_hash = 'x' WHERE seq = 4", 4),
    ] {
        let mut writing = store.write().await.unwrap();
        sqlx::query(AssertSqlSafe(damage)).execute(&mut *writing).await.unwrap();
        match audit::verify(&mut writing).await {
            Err(ChainError::Broken(at)) => assert_eq!(at.seq, row, "{damage}"),
            other => panic!("{damage}: {other:?}"),
        }
    }
}

async fn readers_see_only_what_is_committed(store: &Store) {
    let mut writing = store.write().await.unwrap();
    setting::update_setting(&mut writing, "a", "1", NOW_US).await.unwrap();
    let mut reading = store.read().await.unwrap();
    assert_eq!(setting::find_setting(&mut reading, "a").await.unwrap(), None);
    writing.commit().await.unwrap();
    assert_eq!(setting::find_setting(&mut reading, "a").await.unwrap().as_deref(), Some("1"));
}

async fn writers_queue_and_see_what_the_one_before_wrote(store: &Store) {
    let count = async || {
        let mut writing = store.write().await.unwrap();
        let found = setting::find_setting(&mut writing, "count").await.unwrap();
        tokio::task::yield_now().await;
        let next = found.map_or(0, |text| text.parse::<i64>().unwrap()) + 1;
        setting::update_setting(&mut writing, "count", &next.to_string(), NOW_US).await.unwrap();
        writing.commit().await.unwrap();
    };
    futures_util::future::join_all((0..8).map(|_| count())).await;
    let found = setting::find_setting(&mut store.read().await.unwrap(), "count").await.unwrap();
    assert_eq!(found.as_deref(), Some("8"));
}
