//! JSON bodies whose errors are problems too, and pages of lists.

use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::error::AppError;

/// A JSON body. What cannot be read is a 400 that says where.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = AppError;

    async fn from_request(request: Request, app: &App) -> Result<Self, AppError> {
        let read = axum::Json::<T>::from_request(request, app).await;
        let axum::Json(body) = read.map_err(|error| AppError::BadRequest(error.body_text()))?;
        Ok(Self(body))
    }
}

/// A list with all its members, or a page of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct List<T> {
    /// The members.
    #[serde(rename = "data")]
    pub(crate) items: Vec<T>,
    /// Send this as `cursor` for the next page; `null` at the end.
    pub(crate) next: Option<String>,
}

impl<T> List<T> {
    /// A list that is complete.
    pub(crate) const fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

/// Which page.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Paging {
    /// `next` of the page before.
    pub(crate) cursor: Option<String>,
    /// Members on the page.
    limit: Option<u32>,
}

impl Paging {
    const LIMIT: u32 = 50;
    const LIMIT_MAX: u32 = 500;

    /// How many members.
    pub(crate) fn limit(&self) -> u32 {
        self.limit.unwrap_or(Self::LIMIT).clamp(1, Self::LIMIT_MAX)
    }

    /// The cursor as a number.
    pub(crate) fn number(&self) -> Result<Option<u64>, AppError> {
        let wrong = |_| {
            AppError::BadRequest("`cursor` is not one of ours: send `next` of the page before".to_owned())
        };
        self.cursor.as_deref().map(str::parse).transpose().map_err(wrong)
    }
}
