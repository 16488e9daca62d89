//! Who did it, by name: rows remember ids of people, tokens and the program itself.

use std::collections::HashMap;

use crate::app::App;
use crate::error::AppError;
use crate::store::{person, token};

/// Names found so far; each id is looked up once.
#[derive(Default)]
pub(super) struct People(HashMap<String, String>);

impl People {
    /// What that actor is called; the id itself when nobody knows any more.
    pub(super) async fn name(&mut self, app: &App, id: &str) -> Result<String, AppError> {
        if let Some(known) = self.0.get(id) {
            return Ok(known.clone());
        }
        let mut reading = app.store.read().await?;
        let name = if id.starts_with("person_") {
            person::find_person(&mut reading, id).await?.map(|person| person.name)
        } else if id.starts_with("token_") {
            token::find_token(&mut reading, id).await?.map(|token| token.name)
        } else if id == "weir" {
            Some("Weir".to_owned())
        } else if id == "operator" {
            Some("the operator".to_owned())
        } else {
            None
        };
        let name = name.unwrap_or_else(|| id.to_owned());
        self.0.insert(id.to_owned(), name.clone());
        Ok(name)
    }
}
