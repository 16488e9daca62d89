//! The archive's questions, put to the embedded engine: each test in a database of its own.

use uuid::Uuid;
use weir_contract::filter::{Field, Filter};
use weir_contract::money::Money;

use super::body::Part;
use super::groups::GroupBy;
use super::histogram::Pieces;
use super::overview::{Spent, Stretches};
use super::requests::{Ask, Place};
use super::{Archive, ArchiveConfig, Scope, Window, customers};

/// 2026-11-21T03:00:00Z.
const NOW: i64 = 1_795_230_000_000_000;
const DAY: Window = Window { from_us: NOW - 86_400_000_000, to_us: NOW + 3_600_000_000 };
const MONTH: Window = Window { from_us: 1_793_491_200_000_000, to_us: 1_796_083_200_000_000 };

async fn archive() -> Archive {
    let weir_tests::engine::Archive { url, user, password, database } = weir_tests::engine::database();
    let archive = Archive::new(&ArchiveConfig { url, user, password, database });
    archive.migrate().await.unwrap();
    archive
}

/// One call row by the columns that matter here.
async fn insert(archive: &Archive, rows: &str) {
    let columns = "started_at, request_id, attempt, final, origin, workspace_id, key_id, customer_id, model_requested, model, \
        provider, outcome, input_tokens, output_tokens, rated, cost, billed, tags, prompt_preview, duration_us, ingest_batch";
    let sql = format!("INSERT INTO {}.llm_calls ({columns}) VALUES {rows}", archive.database);
    archive.client.query_raw(&sql).execute().await.unwrap();
}

fn id(number: u8) -> Uuid {
    weir_contract::id::RequestId::new(NOW - i64::from(number) * 1_000_000, [number; 10]).0
}

fn call(
    number: u8,
    attempt: u8,
    last: bool,
    workspace: &str,
    customer: &str,
    cost: &str,
    outcome: &str,
) -> String {
    format!(
        "(fromUnixTimestamp64Micro({}, 'UTC'), '{}', {attempt}, {last}, 'live', '{workspace}', 'key_a', '{customer}', 'm', 'm-1', \
         'demo', '{outcome}', 10, 5, true, {cost}, {cost}, map('feature', 'chat'), 'It''s a weir', 1500000, 'b1')",
        NOW - i64::from(number) * 1_000_000,
        id(number)
    )
}

async fn filled() -> Archive {
    let archive = archive().await;
    let rows = [
        call(1, 0, true, "ws_a", "acme", "0.000000001", "ok"),
        call(2, 0, false, "ws_a", "acme", "0.03", "upstream_error"),
        call(2, 1, true, "ws_a", "acme", "0.04", "ok"),
        call(3, 0, true, "ws_a", "globex", "0.01", "timeout"),
        call(4, 0, true, "ws_b", "acme", "5", "ok"),
    ];
    insert(&archive, &rows.join(", ")).await;
    archive
}

fn scope() -> Scope {
    Scope::new(vec!["ws_a".into()], "live")
}

async fn found(archive: &Archive, filter: &str) -> Vec<Uuid> {
    let filter = Filter::parse(filter).unwrap();
    let ask = Ask { window: DAY, filter: &filter, place: Place::Newest, limit: 50 };
    let found = archive.list_requests(&scope(), ask).await.unwrap();
    found.rows.iter().map(|row| row.request_id).collect()
}

#[tokio::test]
async fn migrating_twice_changes_nothing_and_two_at_once_are_one() {
    let archive = archive().await;
    let (first, second) = tokio::join!(archive.migrate(), archive.migrate());
    assert_eq!((first.unwrap(), second.unwrap()), (8, 8));
}

#[tokio::test]
async fn the_list_shows_each_request_once_with_the_cost_of_all_its_calls() {
    let archive = filled().await;
    let filter = Filter::default();
    let ask = |place, limit| Ask { window: DAY, filter: &filter, place, limit };
    let all = archive.list_requests(&scope(), ask(Place::Newest, 50)).await.unwrap();
    let costs: Vec<_> = all.rows.iter().map(|row| row.cost().map(Money::nano)).collect();
    assert_eq!(costs, [Some(1), Some(70_000_000), Some(10_000_000)]);

    let first = archive.list_requests(&scope(), ask(Place::Newest, 2)).await.unwrap();
    assert!(first.more && first.rows.len() == 2);
    let next = archive.list_requests(&scope(), ask(Place::Before(first.rows[1].cursor()), 2)).await.unwrap();
    assert_eq!((next.more, next.rows[0].request_id), (false, id(3)));
    let back = archive.list_requests(&scope(), ask(Place::After(next.rows[0].cursor()), 2)).await.unwrap();
    assert_eq!(back.rows.iter().map(|row| row.request_id).collect::<Vec<_>>(), [id(1), id(2)]);
    assert_eq!(archive.newest_request(&scope()).await.unwrap(), Some(NOW - 1_000_000));
    assert_eq!(archive.newest_request(&Scope::new(Vec::new(), "live")).await.unwrap(), None);
}

#[tokio::test]
async fn every_field_of_the_grammar_is_understood_and_narrows() {
    let archive = filled().await;
    assert_eq!(found(&archive, "customer:acme").await, [id(1), id(2)]);
    assert_eq!(found(&archive, "status:error").await, [id(3)]);
    assert_eq!(found(&archive, "cost:>0.05").await, [id(2)]);
    assert_eq!(found(&archive, "cost:<0.00001").await, [id(1)]);
    assert_eq!(found(&archive, "\"it's a\"").await.len(), 3);
    assert_eq!(found(&archive, "nothing").await.len(), 0);
    assert_eq!(found(&archive, "tag.feature:ch* -customer:acme").await, [id(3)]);
    assert_eq!(found(&archive, &format!("id:{}", id(2))).await, [id(2)]);
    for name in Field::NAMES.iter().copied().chain(["tag.x"]) {
        let value = if name == "status" { "ok" } else { "1" };
        for filter in [format!("{name}:*"), format!("{name}:{value}"), format!("-{name}:{value}")] {
            found(&archive, &filter).await;
        }
    }
    let filter = Filter::parse("customer:acme").unwrap();
    assert_eq!(archive.count_requests(&scope(), DAY, &filter).await.unwrap(), 2);
    let pieces = Pieces { from_us: DAY.from_us, length_us: 3_600_000_000 };
    let bars = archive.histogram(&scope(), DAY, &Filter::default(), pieces).await.unwrap();
    assert_eq!((bars.len(), bars[0].piece, bars[0].ok, bars[0].failed), (1, 23, 2, 1));
}

#[tokio::test]
async fn a_request_is_read_whole_and_only_in_its_own_workspace() {
    let archive = filled().await;
    let request = archive.find_request(&scope(), id(2)).await.unwrap().unwrap();
    assert_eq!((request.calls.len(), request.last().attempt), (2, 1));
    assert_eq!(request.cost().map(Money::nano), Some(70_000_000));
    assert!(archive.find_request(&scope(), id(4)).await.unwrap().is_none());
}

#[tokio::test]
async fn a_body_is_cut_on_the_page_and_whole_in_the_download() {
    let archive = archive().await;
    let at = NOW - 1_000_000;
    let sql = format!(
        "INSERT INTO {}.llm_bodies (started_at, request_id, attempt, workspace_id, retention_days, request, response, upstream_request) \
         VALUES (fromUnixTimestamp64Micro({at}, 'UTC'), '{}', 0, 'ws_a', 365, repeat('x', 100000), unhex('ff00fe'), 'up')",
        archive.database,
        id(1)
    );
    archive.client.query_raw(&sql).execute().await.unwrap();
    let bodies = archive.list_bodies(&scope(), (id(1), at), 65_536).await.unwrap();
    let said = archive.find_said(&scope(), (id(1), at), 10).await.unwrap().unwrap();
    assert_eq!((said.part(Part::Request).start.len(), said.part(Part::UpstreamRequest).start.len()), (10, 0));
    let request = bodies[0].part(Part::Request);
    assert_eq!((request.bytes, request.start.len()), (100_000, 65_536));
    assert_eq!(bodies[0].part(Part::Response).start, [0xff, 0, 0xfe]);
    assert_eq!(bodies[0].part_or_twin(Part::UpstreamResponse).bytes, 3);

    let mut whole = Vec::new();
    let mut download = archive.download_body(&scope(), (id(1), at), 0, Part::Request).unwrap();
    while let Some(bytes) = download.next().await.unwrap() {
        whole.extend_from_slice(&bytes);
    }
    assert_eq!(whole.len(), 100_000);
    let mut response = archive.download_body(&scope(), (id(1), at), 0, Part::UpstreamResponse).unwrap();
    assert_eq!(response.next().await.unwrap().as_deref(), Some(&[0xff, 0, 0xfe][..]));
}

#[tokio::test]
async fn a_customer_comes_to_the_same_nano_dollar_however_it_is_summed() {
    let archive = filled().await;
    let (scope, total) = (scope(), 70_000_001);
    let ask = customers::Ask { window: MONTH, search: "", skip: 0, limit: 10 };
    let list = archive.list_customers(&scope, ask).await.unwrap();
    assert_eq!(list.iter().map(|row| row.customer_id.as_str()).collect::<Vec<_>>(), ["acme", "globex"]);
    assert_eq!((list[0].cost, list[0].requests, list[0].tokens_in), (total, 2, 30));
    let seen: Vec<_> = list.iter().map(|row| row.last_seen_us).collect();
    assert_eq!(seen, [NOW - 1_000_000, NOW - 3_000_000]);
    // The month without its last hour is no whole days: the rollup by hour is asked, and says the same.
    let hours = Window { to_us: MONTH.to_us - 3_600_000_000, ..MONTH };
    let by_hour = archive.list_customers(&scope, customers::Ask { window: hours, ..ask }).await.unwrap();
    assert_eq!(by_hour, list);
    let all = archive.sum_customers(&scope, ask).await.unwrap();
    assert_eq!((all.customers, all.cost), (2, total + 10_000_000));
    let spend = archive.spend_of_customer(&scope, "acme", MONTH).await.unwrap();
    let whole = spend.whole();
    assert_eq!((whole.cost, whole.requests, whole.tokens_in), (total, 2, 30));
    assert_eq!(archive.customer_last_seen(&scope, "nobody").await.unwrap(), None);
    assert_eq!(archive.customer_last_seen(&scope, "acme").await.unwrap(), Some(NOW - 1_000_000));

    let (days, models) = (spend.days(), spend.models());
    let keys = archive.spend_by_key(&scope, "acme", MONTH).await.unwrap();
    assert_eq!(days.iter().map(|day| day.cost).sum::<i128>(), total);
    assert_eq!((models[0].id.as_str(), models[0].cost), ("m-1", total));
    assert_eq!((keys[0].id.as_str(), keys[0].cost), ("key_a", total));

    let mut lines = Vec::new();
    let mut export = archive.export_customer(&scope, MONTH, "acme").unwrap();
    while let Some(line) = export.next().await.unwrap() {
        lines.push(i128::from(line.cost));
    }
    assert_eq!((lines.len(), lines.iter().sum::<i128>()), (3, total));
    assert!(archive.tie_customer(&scope, "acme", MONTH).await.unwrap().holds());
}

#[tokio::test]
async fn an_export_under_a_filter_brings_all_calls_of_its_requests() {
    let archive = filled().await;
    let filter = Filter::parse("cost:>0.05 customer:acme weir").unwrap();
    let mut export = archive.export_requests(&scope(), DAY, &filter).unwrap();
    let mut calls = Vec::new();
    while let Some(line) = export.next().await.unwrap() {
        calls.push((line.request_id, line.attempt, line.is_final));
    }
    assert_eq!(calls, [(id(2), 0, false), (id(2), 1, true)]);
}

#[tokio::test]
async fn a_page_of_the_list_reads_a_bounded_number_of_rows_however_many_there_are() {
    let archive = archive().await;
    let sql = format!(
        "INSERT INTO {}.llm_calls (started_at, request_id, final, origin, workspace_id, outcome, ingest_batch) \
         SELECT fromUnixTimestamp64Micro({NOW} - toInt64(number) * 25920000, 'UTC'), generateUUIDv7(), true, 'live', 'ws_a', 'ok', 'b' \
         FROM numbers(100000) SETTINGS max_partitions_per_insert_block = 100",
        archive.database
    );
    archive.client.query_raw(&sql).execute().await.unwrap();
    let bounded = Archive {
        client: archive.client.clone().with_setting("max_rows_to_read", "12000"),
        ..archive.clone()
    };
    let filter = Filter::default();
    let window = Window { from_us: NOW - 30 * 86_400_000_000, to_us: NOW + 1 };
    let ask = |place| Ask { window, filter: &filter, place, limit: 50 };
    let found = bounded.list_requests(&scope(), ask(Place::Newest)).await.unwrap();
    assert_eq!(found.rows.len(), 50);
    let older = ask(Place::Before(found.rows[49].cursor()));
    assert_eq!(bounded.list_requests(&scope(), older).await.unwrap().rows.len(), 50);
    assert!(bounded.count_requests(&scope(), window, &filter).await.is_err(), "the bound is one");
}

#[tokio::test]
async fn groups_add_up_to_the_requests_and_the_money_of_the_list() {
    let archive = filled().await;
    for by in GroupBy::ALL {
        let groups = archive.list_groups(&scope(), DAY, &Filter::default(), by).await.unwrap();
        let requests: u64 = groups.iter().map(|group| group.requests).sum();
        let cost: i64 = groups.iter().map(|group| group.cost().nano()).sum();
        assert_eq!((requests, cost), (3, 80_000_001), "{by:?}");
        assert_eq!(groups.iter().map(|group| group.failed).sum::<u64>(), 1, "{by:?}");
    }
    let filter = Filter::parse("customer:acme").unwrap();
    let customers = archive.list_groups(&scope(), DAY, &filter, GroupBy::Customer).await.unwrap();
    assert_eq!((customers.len(), customers[0].id.as_str(), customers[0].requests), (1, "acme", 2));
}

#[tokio::test]
async fn a_rollup_counts_what_the_calls_count_one_by_one() {
    let archive = filled().await;
    let pieces = Pieces { from_us: DAY.from_us, length_us: 3_600_000_000 };
    let filters =
        ["", "customer:acme", "customer:a* status:error", "-status:ok", "key:key_a provider:*", "-cached:*"];
    for filter in filters {
        let filter = Filter::parse(filter).unwrap();
        let rolled = archive.histogram_of_hours(&scope(), DAY, &filter, pieces).unwrap().await.unwrap();
        let counted = archive.histogram(&scope(), DAY, &filter, pieces).await.unwrap();
        assert_eq!(rolled, counted, "{filter}");
    }
    let by_model = Filter::parse("model:m").unwrap();
    assert!(archive.histogram_of_hours(&scope(), DAY, &by_model, pieces).is_none());
}

#[tokio::test]
async fn the_overview_is_the_same_sum_and_splits_it_at_the_hour() {
    let archive = filled().await;
    const HOUR: i64 = 3_600_000_000;
    let now = NOW + HOUR / 2;
    let of = Stretches {
        before: Window { from_us: NOW - 48 * HOUR, to_us: NOW - 24 * HOUR },
        whole: Window { from_us: NOW - 24 * HOUR, to_us: NOW },
        window: Window { from_us: NOW - 24 * HOUR, to_us: now },
    };
    let Spent { sums, days } = archive.spend_of_stretches(&scope(), of).await.unwrap();
    assert_eq!((sums.window.requests, sums.window.errors, sums.before.requests), (3, 1, 0));
    assert_eq!((sums.window.cost().nano(), sums.whole.cost().nano()), (80_000_001, 80_000_001));
    let elsewhere = archive.spend_of_stretches(&scope().within("ws_b"), of).await.unwrap().sums;
    assert_eq!(elsewhere.window.requests, 0, "not one of the scope's workspaces");
    let latency = archive.latency_of_stretches(&scope(), of).await.unwrap();
    assert!((1_400_000..1_600_000).contains(&latency.window.unwrap()), "{latency:?}");
    assert_eq!(latency.before, None);
    assert_eq!(days.iter().map(|day| day.cost).sum::<i128>(), 80_000_001);
    let endings = archive.list_endings(&scope(), now).await.unwrap();
    let lately: Vec<_> = endings.iter().map(|one| (one.outcome.as_str(), one.lately)).collect();
    assert_eq!(lately, [("ok", 2), ("timeout", 1), ("upstream_error", 0)]);
}

#[tokio::test]
async fn a_batch_that_is_short_or_doubled_is_named() {
    let archive = filled().await;
    let manifest = |cost: &str, rows: u8| {
        format!(
            "INSERT INTO {}.ingest_batches (batch, gateway_id, sealed_at, table_name, rows, cost, billed, min_ts, max_ts, crc) \
             SELECT 'b1', 'gw', fromUnixTimestamp64Milli({}, 'UTC'), 'llm_calls', {rows}, {cost}, {cost}, \
             fromUnixTimestamp64Micro({}, 'UTC'), fromUnixTimestamp64Micro({NOW}, 'UTC'), 0",
            archive.database,
            NOW / 1000,
            NOW - 10_000_000
        )
    };
    archive.client.query_raw(&manifest("5.080000001", 5)).execute().await.unwrap();
    assert_eq!(archive.untied_batches(DAY).await.unwrap(), []);
    insert(&archive, &call(1, 0, true, "ws_a", "acme", "0.000000001", "ok")).await;
    let untied = archive.untied_batches(DAY).await.unwrap();
    assert_eq!((untied[0].doubled, untied[0].difference().nano()), (1, 1));
}

#[tokio::test]
async fn what_a_workspace_keeps_no_longer_goes_and_its_sums_and_its_neighbours_stay() {
    use super::retention::{Forgotten, Kept};
    let archive = filled().await;
    for workspace in ["ws_a", "ws_b"] {
        for (number, at) in [(1, NOW - 2 * 86_400_000_000), (2, NOW - 1_000_000)] {
            let sql = format!(
                "INSERT INTO {}.llm_bodies (started_at, request_id, attempt, workspace_id, retention_days, request) \
                 VALUES (fromUnixTimestamp64Micro({at}, 'UTC'), '{}', 0, '{workspace}', 365, 'x')",
                archive.database,
                id(number)
            );
            archive.client.query_raw(&sql).execute().await.unwrap();
        }
    }
    let spent = archive.spend_of_customer(&scope(), "acme", MONTH).await.unwrap().whole();
    let kept = Kept { calls_from_us: NOW - 3_600_000_000, bodies_from_us: NOW - 3_600_000_000 };
    let gone = archive.forget("ws_a", kept).await.unwrap();
    assert_eq!(gone, Forgotten { calls: 0, bodies: 1 });
    assert_eq!(archive.forget("ws_a", kept).await.unwrap(), Forgotten::default(), "once is enough");
    let left = "SELECT count() FROM llm_bodies WHERE workspace_id = 'ws_b'";
    assert_eq!(archive.client.query_raw(left).fetch_one::<u64>().await.unwrap(), 2);
    let all = Kept { calls_from_us: NOW + 3_600_000_000, bodies_from_us: NOW + 3_600_000_000 };
    let gone = archive.forget("ws_a", all).await.unwrap();
    assert!(gone.calls > 0 && gone.bodies == 1, "{gone:?}");
    assert_eq!(found(&archive, "customer:acme").await.len(), 0);
    assert_eq!(archive.spend_of_customer(&scope(), "acme", MONTH).await.unwrap().whole(), spent, "sums stay");
}
