//! What an object said in one version, and the names by which people know what it refers to.

use std::collections::HashMap;

use serde_json::{Map, Value};
use weir_contract::id::WorkspaceId;

use crate::endpoints::EndpointBody;
use crate::objects::Body as _;
use crate::store::object::{self, VersionRow};
use crate::store::{Conn, StoreError, workspace};

/// One version of an object that is there.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) version: i64,
    pub(crate) name: String,
    pub(crate) workspace: String,
    pub(crate) body: Map<String, Value>,
}

impl Said {
    /// `None` when the version is its deletion.
    pub(crate) fn of(kind: &str, id: &str, row: &VersionRow) -> Option<Self> {
        let body = serde_json::from_str(&row.body_json).ok()?;
        Some(Self {
            kind: kind.to_owned(),
            id: id.to_owned(),
            version: row.version,
            name: row.name.clone(),
            workspace: row.workspace_id.clone(),
            body,
        })
    }
}

/// Whose the version is; `None` when all share it.
pub(crate) fn owner(row: &VersionRow) -> Option<WorkspaceId> {
    (!row.workspace_id.is_empty()).then(|| row.workspace_id.clone().into())
}

/// What endpoints and workspaces are called.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names(HashMap<String, String>);

impl Names {
    /// The names of now.
    pub(crate) async fn of(conn: &mut Conn) -> Result<Self, StoreError> {
        let endpoints = object::list_objects(conn, EndpointBody::KIND).await?;
        let mut names: HashMap<String, String> =
            endpoints.into_iter().map(|endpoint| (endpoint.id, endpoint.name)).collect();
        let workspaces = workspace::list_workspaces(conn).await?;
        names.extend(workspaces.into_iter().map(|workspace| (workspace.id, workspace.name)));
        Ok(Self(names))
    }

    /// Takes over the names of what is not there any more.
    pub(crate) fn learn<'s>(&mut self, said: impl Iterator<Item = &'s Said>) {
        for one in said {
            self.0.entry(one.id.clone()).or_insert_with(|| one.name.clone());
        }
    }

    /// What that is called; its id when nobody knows.
    pub(crate) fn get<'n>(&'n self, id: &'n str) -> &'n str {
        self.0.get(id).map_or(id, String::as_str)
    }
}
