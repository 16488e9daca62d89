//! The gateway's conversation with its control plane: hello, then whatever comes, for as long as the gateway lives.
//!
//! A broken stream is dialled again after 0.2–10 s with full jitter. Nothing here is on the way of a request.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::timeout;
use weir_contract::id::Revision;
use weir_contract::policy::snapshot::SNAPSHOT_BYTES_MAX;
use weir_contract::policy::{SCHEMA, Section};
use weir_contract::sync::{HEARTBEAT_SECONDS, Hello, Revised, ToControl, ToGateway};

use super::apply::{Compiled, Refused, Trust, compile, revision_hint};
use super::control::ControlError;
use super::disk::{Disk, Stored};
use crate::handles::Handles;
use crate::upstream::Egress;

/// Longest message: the largest snapshot, every character escaped once, and its header.
const LINE_BYTES_MAX: usize = 2 * SNAPSHOT_BYTES_MAX as usize + (1 << 20);
const SILENCE_MAX: Duration = Duration::from_secs(3 * HEARTBEAT_SECONDS);
const RETRY_MIN: Duration = Duration::from_millis(200);
const RETRY_MAX: Duration = Duration::from_secs(10);

/// One gateway's side of the conversation, with what it knows.
pub(crate) struct Subscriber {
    handles: Arc<Handles>,
    disk: Arc<Disk>,
    egress: Egress,
    trust: Option<Known>,
    sections: Vec<Section>,
}

struct Known {
    policy_secret: String,
    signing_key: String,
    trust: Arc<Trust>,
}

impl Subscriber {
    /// Starts with the last good snapshot on disk, if there is one.
    pub(crate) async fn begin(handles: Arc<Handles>, disk: Disk) -> Self {
        let egress = Egress { allow_loopback: handles.config.allow_loopback };
        let mut this = Self { handles, disk: Arc::new(disk), egress, trust: None, sections: Vec::new() };
        let disk = Arc::clone(&this.disk);
        let stored = tokio::task::spawn_blocking(move || disk.newest()).await.ok().flatten();
        if let Some(stored) = stored {
            let revised = stored.revised();
            this.welcome(stored.policy_secret, stored.signing_key);
            match this.compile(revised).await {
                Ok(compiled) => this.put_into_force(compiled),
                Err(refused) => tracing::error!(?refused, "the snapshot kept on disk cannot run"),
            }
        }
        this
    }

    /// Talks until the gateway stops.
    pub(crate) async fn run(mut self) {
        let mut failures = 0_u32;
        loop {
            let outcome = self.converse(&mut failures).await;
            self.handles.metrics.control_connected.set(0);
            failures = failures.saturating_add(1);
            let pause = self.pause(failures);
            match outcome {
                Ok(()) => tracing::info!("the control plane closed the stream; dialling again"),
                Err(error) if failures <= 1 => {
                    tracing::info!(%error, "the stream from the control plane ended");
                }
                Err(error) => {
                    tracing::warn!(%error, failures, "no stream from the control plane; the running policy stays");
                }
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Between 0.2 s and a bound that doubles to 10 s.
    fn pause(&self, failures: u32) -> Duration {
        let most = (RETRY_MIN * 2_u32.saturating_pow(failures.min(6))).min(RETRY_MAX);
        let random = u32::from_le_bytes(self.handles.random.bytes::<4>());
        RETRY_MIN + (most - RETRY_MIN).mul_f64(f64::from(random) / f64::from(u32::MAX))
    }

    async fn converse(&mut self, failures: &mut u32) -> Result<(), ControlError> {
        let response = self.handles.control.open_stream(&self.hello()).await?;
        let mut body = response.into_body();
        let mut lines = Lines::default();
        while let Some(line) = lines.next(&mut body).await? {
            *failures = 0;
            self.handles.metrics.control_connected.set(1);
            match line {
                Line::Message(text) => self.take(&text).await,
                Line::TooLong => {
                    let reason = format!("a message of more than {LINE_BYTES_MAX} bytes was not read");
                    self.refuse(Revision(0), reason).await;
                }
            }
        }
        Ok(())
    }

    fn hello(&self) -> Hello {
        Hello {
            gateway: self.handles.gateway.clone(),
            incarnation: self.handles.incarnation.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            schema: SCHEMA,
            revision: self.handles.running.revision(),
            sections: self.sections.iter().map(|section| section.reference().hash).collect(),
            now_us: self.handles.clock.now_us(),
            draining: self.handles.is_drained(),
        }
    }

    async fn take(&mut self, text: &[u8]) {
        match serde_json::from_slice::<ToGateway>(text) {
            Ok(ToGateway::Welcome { policy_secret, signing_key }) => self.welcome(policy_secret, signing_key),
            Ok(ToGateway::Snapshot(revised) | ToGateway::Delta(revised)) => self.apply(revised).await,
            Ok(ToGateway::HoldsAsked { question }) => {
                let holds = self.handles.spool.holds();
                self.say(&ToControl::Holds { question, holds }).await;
            }
            Ok(ToGateway::Drain) => self.drain(true).await,
            Ok(ToGateway::Resume) => self.drain(false).await,
            Ok(ToGateway::Heartbeat { .. }) => {}
            Ok(ToGateway::Grant { budget, .. }) => tracing::debug!(budget, "a slice of a budget was granted"),
            Ok(ToGateway::Recall { slice }) => tracing::debug!(slice, "a slice of a budget was recalled"),
            Err(error) => {
                let revision = message_revision(text);
                self.refuse(revision, format!("the message cannot be read: {error}")).await;
            }
        }
    }

    /// Takes no new requests, or takes them again; says so at once, since somebody waits for it.
    async fn drain(&self, wanted: bool) {
        tracing::info!(wanted, "the control plane decides whether new requests are refused");
        self.handles.set_drained(wanted);
        self.say(&ToControl::Status(self.handles.status())).await;
    }

    /// The signing key of the first meeting stays: whoever can answer in the control plane's place later cannot publish.
    fn welcome(&mut self, policy_secret: String, signing_key: String) {
        if let Some(known) = &self.trust {
            if known.signing_key != signing_key {
                tracing::error!(
                    "the control plane presents another signing key than the one this gateway enrolled with; \
                     to enrol it anew, stop it and remove the policy files in its data folder"
                );
                return;
            }
            if known.policy_secret == policy_secret {
                return;
            }
        }
        match Trust::read(&policy_secret, &signing_key) {
            Ok(trust) => self.trust = Some(Known { policy_secret, signing_key, trust: Arc::new(trust) }),
            Err(error) => tracing::error!(%error, "the control plane's welcome cannot be read"),
        }
    }

    async fn apply(&mut self, revised: Revised) {
        match self.compile(revised).await {
            Ok(compiled) => {
                let (revision, signed, sections) =
                    (compiled.in_force.policy.revision, compiled.signed.clone(), compiled.sections.clone());
                self.put_into_force(compiled);
                let applied_at_us = self.handles.clock.now_us();
                // Kept before it is acknowledged: what was acknowledged survives a kill.
                self.keep(revision, signed, sections).await;
                self.say(&ToControl::Ack { revision, applied_at_us }).await;
            }
            Err(Refused::Missing { revision }) => self.say(&ToControl::Missing { revision }).await,
            Err(Refused::Invalid { revision, reason }) => self.refuse(revision, reason).await,
        }
    }

    /// Off the request threads: reading and compiling a large policy takes a while.
    async fn compile(&self, revised: Revised) -> Result<Compiled, Refused> {
        let hint = revision_hint(&revised.signed.text);
        let invalid = |reason: String| Refused::Invalid { revision: hint, reason };
        let Some(known) = &self.trust else {
            return Err(invalid("it came before the welcome, so its signature cannot be checked".to_owned()));
        };
        let (trust, sections) = (Arc::clone(&known.trust), self.sections.clone());
        let (running, egress) = (self.handles.running.now(), self.egress);
        let work = move || compile(revised, &trust, &sections, running.as_deref(), egress);
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or_else(|_| Err(invalid("the gateway failed while compiling it".to_owned())))
    }

    fn put_into_force(&mut self, compiled: Compiled) {
        let Compiled { in_force, signed: _, sections } = compiled;
        let (revision, published_at_us) = (in_force.policy.revision, in_force.policy.published_at_us);
        self.sections = sections;
        self.handles.running.swap(in_force);
        let metrics = &self.handles.metrics;
        metrics.policy_revision.set(i64::try_from(revision.0).unwrap_or(i64::MAX));
        metrics.policy_published.set(published_at_us / 1_000_000);
        tracing::info!(%revision, "a policy is in force");
    }

    async fn keep(
        &self,
        revision: Revision,
        signed: weir_contract::policy::SignedHeader,
        sections: Vec<Section>,
    ) {
        let Some(known) = &self.trust else { return };
        let stored = Stored {
            policy_secret: known.policy_secret.clone(),
            signing_key: known.signing_key.clone(),
            signed,
            sections,
        };
        let (disk, nonce) = (Arc::clone(&self.disk), self.handles.random.bytes());
        let saved = tokio::task::spawn_blocking(move || disk.save(revision, &stored, nonce)).await;
        match saved {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the policy runs but could not be kept on disk"),
            Err(error) => tracing::error!(%error, "keeping the policy on disk failed"),
        }
    }

    async fn refuse(&self, revision: Revision, reason: String) {
        tracing::warn!(%revision, reason, "a snapshot was refused; the running policy stays");
        self.handles.metrics.policy_refused.inc();
        self.say(&ToControl::Nack { revision, reason }).await;
    }

    async fn say(&self, message: &ToControl) {
        if let Err(error) = self.handles.control.send(message).await {
            tracing::warn!(%error, "a message to the control plane was not delivered");
        }
    }
}

/// Tells the control plane once per heartbeat how the gateway is.
pub(crate) async fn report(handles: Arc<Handles>) {
    let mut beat = tokio::time::interval(Duration::from_secs(HEARTBEAT_SECONDS));
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        if let Err(error) = handles.control.send(&ToControl::Status(handles.status())).await {
            tracing::debug!(%error, "the control plane did not hear how this gateway is");
        }
    }
}

/// The revision a message that cannot be read seems to carry.
fn message_revision(text: &[u8]) -> Revision {
    let message: serde_json::Value = serde_json::from_slice(text).unwrap_or_default();
    let header = message.get("signed").and_then(|signed| signed.get("text")?.as_str());
    header.map(revision_hint).unwrap_or_default()
}

/// Splits the stream into lines.
#[derive(Default)]
struct Lines {
    begun: BytesMut,
    skipping: bool,
}

enum Line {
    Message(BytesMut),
    TooLong,
}

impl Lines {
    /// The next line; `None` when the stream has ended.
    async fn next(&mut self, body: &mut Incoming) -> Result<Option<Line>, ControlError> {
        let mut looked_at = 0;
        loop {
            if let Some(end) = memchr_newline(&self.begun[looked_at..]) {
                let line = self.begun.split_to(looked_at + end);
                self.begun.advance(1);
                if std::mem::take(&mut self.skipping) {
                    return Ok(Some(Line::TooLong));
                }
                if !line.is_empty() {
                    return Ok(Some(Line::Message(line)));
                }
                looked_at = 0;
                continue;
            }
            if self.skipping || self.begun.len() > LINE_BYTES_MAX {
                self.begun.clear();
                self.skipping = true;
            }
            looked_at = self.begun.len();
            let frame = timeout(SILENCE_MAX, body.frame()).await;
            let frame = frame.map_err(|_| ControlError::Unreached("it fell silent".to_owned()))?;
            match frame {
                None => return Ok(None),
                Some(Err(error)) => return Err(ControlError::Unreached(error.to_string())),
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        self.begun.extend_from_slice(data);
                    }
                }
            }
        }
    }
}

fn memchr_newline(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| *byte == b'\n')
}
