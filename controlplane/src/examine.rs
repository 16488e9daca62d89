//! What is well with an installation and what is not, looked at without changing anything: store, master key, archive,
//! gateways, prices. The program adds what only it can see (its disk, its ports) and shows it all.

use std::time::Duration;

use chrono::{DateTime, NaiveDate};
use serde::Serialize;
use weir_contract::price::PriceBook;
use weir_contract::schema::ARCHIVE_VERSION;

use crate::app::Ambient;
use crate::archive::{Archive, ArchiveError};
use crate::config::ControlConfig;
use crate::gateways::{self, Gateway};
use crate::store::snapshot::newest_revision;
use crate::store::{Store, StoreError, gateway, migrate, secret};
use crate::vault::Vault;

/// Clocks further apart than this make figures of the last minutes wrong.
const SKEW_MAX_US: i64 = 2_000_000;
/// Prices older than this are likely to have changed.
const BOOK_DAYS_MAX: i64 = 60;
/// A backlog older than this means that the archive or the books do not take it.
const BACKLOG_MAX: Duration = Duration::from_secs(60);
/// A gateway that has been silent so long is gone for good, as far as anybody can tell.
const GONE_US: i64 = 24 * 3_600 * 1_000_000;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Ok,
    /// It works, and somebody should look at it.
    Warn,
    /// It does not work.
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub subject: String,
    /// How it is.
    pub level: Level,
    /// What was found.
    pub found: String,
    /// What to do; empty when nothing is to be done.
    pub fix: String,
}

impl Finding {
    /// Nothing to do.
    #[must_use]
    pub fn ok(subject: &str, found: impl Into<String>) -> Self {
        Self { subject: subject.to_owned(), level: Level::Ok, found: found.into(), fix: String::new() }
    }

    /// Somebody should look at it.
    #[must_use]
    pub fn warn(subject: &str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        let (subject, found, fix) = (subject.to_owned(), found.into(), fix.into());
        Self { subject, level: Level::Warn, found, fix }
    }

    /// It does not work.
    #[must_use]
    pub fn fail(subject: &str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { level: Level::Fail, ..Self::warn(subject, found, fix) }
    }
}

/// Looks at everything a control plane of that configuration stands on.
pub async fn examine(config: &ControlConfig, ambient: &Ambient, book: &PriceBook) -> Vec<Finding> {
    let mut findings = store_findings(config, ambient).await;
    findings.push(archive(config).await);
    findings.extend(skew(config, ambient).await);
    findings.push(prices(book, ambient.clock.now_us()));
    findings
}

async fn store_findings(config: &ControlConfig, ambient: &Ambient) -> Vec<Finding> {
    const SUBJECT: &str = "store";
    let file = config.data.join("app.sqlite");
    if config.database_url.is_none() && !file.is_file() {
        let found = format!("there is no app database at {} yet", file.display());
        return vec![Finding::warn(
            SUBJECT,
            found,
            "start `weir up` or `weir control` once, or name the data folder with --data",
        )];
    }
    let fix = "check control.database_url, and that the database runs";
    let store = match Store::connect(config.database_url.as_deref(), &config.data).await {
        Ok(store) => store,
        Err(error) => return vec![Finding::fail(SUBJECT, error.to_string(), fix)],
    };
    let found = inside(&store, config, ambient).await;
    store.close().await;
    found.unwrap_or_else(|error| vec![Finding::fail(SUBJECT, error.to_string(), fix)])
}

async fn inside(
    store: &Store,
    config: &ControlConfig,
    ambient: &Ambient,
) -> Result<Vec<Finding>, StoreError> {
    let mut reading = store.read().await?;
    let (version, known) = (migrate::version(&mut reading).await?, migrate::known());
    let mut findings = vec![match version.cmp(&known) {
        std::cmp::Ordering::Equal => Finding::ok("store", format!("answers, tables at version {version}")),
        std::cmp::Ordering::Less => {
            let found = format!("tables at version {version}, this program has {known}");
            Finding::warn("store", found, "the control plane of this version migrates them when it starts")
        }
        std::cmp::Ordering::Greater => {
            let found = format!("tables at version {version}, this program knows {known}");
            Finding::fail("store", found, "use the newer program that wrote them")
        }
    }];
    findings.push(master_key(&mut reading, config, ambient).await?);
    let newest = newest_revision(&mut reading).await?;
    let now_us = ambient.clock.now_us();
    let rows = gateway::list_gateways(&mut reading).await?;
    let all = rows.into_iter().map(|row| gateways::read(row, now_us));
    let speaking: Vec<Gateway> = all.filter(|gateway| now_us - gateway.contact_us < GONE_US).collect();
    if speaking.is_empty() {
        let fix = "start `weir up`, or `weir gateway` with a token from the Gateways page";
        findings.push(Finding::warn("gateways", "none has spoken within a day", fix));
    }
    let newest = u64::try_from(newest).unwrap_or(0);
    findings.extend(speaking.iter().map(|gateway| of_gateway(gateway, newest)));
    Ok(findings)
}

async fn master_key(
    conn: &mut crate::store::Conn,
    config: &ControlConfig,
    ambient: &Ambient,
) -> Result<Finding, StoreError> {
    const SUBJECT: &str = "master key";
    let path = config.master_key_file.clone().unwrap_or_else(|| config.data.join("master.key"));
    let fix = "put the master key of this installation there, from a backup";
    if !path.is_file() {
        return Ok(Finding::fail(SUBJECT, format!("{} is missing", path.display()), fix));
    }
    let Some(row) = secret::find_secret(conn, "policy").await? else {
        return Ok(Finding::ok(SUBJECT, "there, and no secret depends on it yet"));
    };
    let opened = Vault::open(&path, std::sync::Arc::clone(&ambient.random))
        .and_then(|vault| vault.unseal(&row, "policy").map(drop));
    Ok(match opened {
        Ok(()) => Finding::ok(SUBJECT, "opens this installation's secrets"),
        Err(error) => Finding::fail(SUBJECT, error.to_string(), fix),
    })
}

fn of_gateway(gateway: &Gateway, newest: u64) -> Finding {
    let subject = format!("gateway {}", gateway.id);
    let backlog = Duration::from_millis(gateway.status.spool_oldest_ms);
    let skew_us = gateway.clock_off_us;
    let revision = gateway.revision.0;
    if let Some(refusal) = &gateway.refusal {
        let found = format!("refuses revision {}: {}", refusal.revision, refusal.reason);
        return Finding::fail(
            &subject,
            found,
            "start it with the control plane's version, or restore an earlier revision",
        );
    }
    if !gateway.connected {
        return Finding::warn(
            &subject,
            "is silent",
            "start it, or look into its log; it goes on with the policy it has",
        );
    }
    if skew_us.abs() > SKEW_MAX_US {
        let found = format!("its clock is {} ms off", skew_us / 1000);
        return Finding::warn(&subject, found, "let both machines follow the same time server");
    }
    if revision < newest {
        let found = format!("runs revision {revision}, the newest is {newest}");
        return Finding::warn(&subject, found, "it takes a moment; else look into its log");
    }
    if backlog > BACKLOG_MAX {
        let found = format!("holds records for {} s that archive or books have not taken", backlog.as_secs());
        return Finding::warn(&subject, found, "see its /statusz for the reason; nothing is lost meanwhile");
    }
    Finding::ok(
        &subject,
        format!("connected, runs revision {revision}, {} bytes waiting", gateway.status.spool_bytes),
    )
}

async fn archive(config: &ControlConfig) -> Finding {
    const SUBJECT: &str = "archive";
    match Archive::new(&config.archive).version().await {
        Ok(version) if version == ARCHIVE_VERSION => {
            Finding::ok(SUBJECT, format!("answers, tables at version {version}"))
        }
        Ok(version) => {
            let found = format!("tables at version {version}, this program has {ARCHIVE_VERSION}");
            Finding::warn(SUBJECT, found, "the control plane of this version migrates them when it starts")
        }
        Err(ArchiveError::Away(reason)) => {
            let found = format!("{} does not answer: {reason}", config.archive.url);
            Finding::fail(
                SUBJECT,
                found,
                "start it, or set clickhouse.url; requests are recorded on disk meanwhile",
            )
        }
        Err(error) => Finding::fail(
            SUBJECT,
            error.to_string(),
            "check clickhouse.user, clickhouse.password and clickhouse.database",
        ),
    }
}

async fn skew(config: &ControlConfig, ambient: &Ambient) -> Option<Finding> {
    let theirs_us = Archive::new(&config.archive).now_us().await.ok()?;
    let off_us = theirs_us - ambient.clock.now_us();
    Some(if off_us.abs() > SKEW_MAX_US {
        let found = format!("the archive's clock is {} ms off ours", off_us / 1000);
        Finding::warn("clocks", found, "let both machines follow the same time server")
    } else {
        Finding::ok("clocks", format!("the archive's is {} ms off ours", off_us / 1000))
    })
}

fn prices(book: &PriceBook, now_us: i64) -> Finding {
    const SUBJECT: &str = "price book";
    let today = DateTime::from_timestamp_micros(now_us).unwrap_or_default().date_naive();
    let collected = book.collected.parse::<NaiveDate>();
    let days = collected.map(|collected| (today - collected).num_days()).unwrap_or(i64::MAX);
    let found = format!("{} models, collected {}", book.rows().len(), book.collected);
    if days > BOOK_DAYS_MAX {
        return Finding::warn(
            SUBJECT,
            found,
            "take a newer Weir, or enter prices of your own on the Prices page",
        );
    }
    Finding::ok(SUBJECT, found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{House, NOW_US};

    fn of<'a>(findings: &'a [Finding], subject: &str) -> &'a Finding {
        let found = findings.iter().find(|finding| finding.subject == subject);
        found.unwrap_or_else(|| panic!("nothing about {subject} in {findings:?}"))
    }

    #[tokio::test]
    async fn each_trouble_is_named_with_what_to_do_and_nothing_is_changed() {
        let house = House::with(|config| config.archive.url = "http://127.0.0.1:1".to_owned()).await;
        let ambient = Ambient { clock: house.clock.clone(), random: house.app.random.clone() };
        let look = || examine(&house.app.config, &ambient, &house.app.book);
        let findings = look().await;
        assert_eq!(of(&findings, "store").level, Level::Ok);
        assert_eq!(of(&findings, "master key").level, Level::Ok);
        assert_eq!(of(&findings, "archive").level, Level::Fail);
        assert_eq!(of(&findings, "price book").level, Level::Ok);
        assert!(findings.iter().all(|one| one.level == Level::Ok || !one.fix.is_empty()), "{findings:?}");
        std::fs::write(house.app.config.data.join("master.key"), [9; 32]).unwrap();
        let findings = look().await;
        assert!(of(&findings, "master key").found.contains("master key"), "{findings:?}");
        let mut nothing = house.app.config.clone();
        nothing.data = nothing.data.join("elsewhere");
        assert_eq!(of(&examine(&nothing, &ambient, &house.app.book).await, "store").level, Level::Warn);
        assert!(!nothing.data.exists());
    }

    #[test]
    fn a_gateway_that_lags_refuses_or_is_silent_is_told_apart() {
        let row = |revision: i64, contact_us: i64| gateway::GatewayRow {
            id: "gw_1".to_owned(),
            revision,
            contact_us,
            ..gateway::GatewayRow::default()
        };
        let level = |row| of_gateway(&gateways::read(row, NOW_US), 5).level;
        assert_eq!(level(row(5, NOW_US)), Level::Ok);
        assert_eq!(level(row(4, NOW_US)), Level::Warn);
        assert_eq!(level(row(5, NOW_US - 3_600_000_000)), Level::Warn);
        let refusing = gateway::GatewayRow { refused_revision: Some(5), ..row(4, NOW_US) };
        assert_eq!(level(refusing), Level::Fail);
        let skewed = gateway::GatewayRow { clock_off_us: -9_000_000, ..row(5, NOW_US) };
        assert_eq!(level(skewed), Level::Warn);
    }

    #[test]
    fn old_prices_are_noticed() {
        let book = PriceBook::parse(crate::testing::BOOK).unwrap();
        assert_eq!(prices(&book, NOW_US).level, Level::Ok);
        assert_eq!(prices(&book, NOW_US + 61 * 86_400_000_000).level, Level::Warn);
    }
}
