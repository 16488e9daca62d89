//! What people say a model can and cannot do: one choice an ability, and none leaves it to the price book.

use std::collections::BTreeMap;

use weir_contract::policy::Ability;
use weir_contract::price::BookRow;
use weir_web::form::{Choice, Field, FieldError};
use weir_web::page::models::AbilityField;

use crate::error::FieldErrors;
use crate::models::Model;

/// The answer that it can.
pub(super) const CAN: &str = "can";
/// The answer that it cannot.
pub(super) const CANNOT: &str = "cannot";

/// What is said, by ability; those of which nothing is said are left out.
#[derive(Default)]
pub(super) struct Said(BTreeMap<Ability, String>);

/// The answers that may be chosen.
pub(super) fn answers() -> Vec<Choice> {
    vec![Choice::new(CAN, "It can"), Choice::new(CANNOT, "It cannot: refuse requests that ask for it")]
}

/// The words as a label begins: with a capital letter.
fn titled(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn field_name(ability: Ability) -> String {
    format!("ability_{}", ability.name())
}

impl Said {
    pub(super) fn of(model: &Model) -> Self {
        let can = model.body.can.iter().map(|ability| (*ability, CAN.to_owned()));
        let cannot = model.body.cannot.iter().map(|ability| (*ability, CANNOT.to_owned()));
        Self(can.chain(cannot).collect())
    }

    /// What a form says; `text` gives the value of a field.
    pub(super) fn sent(text: impl Fn(&str) -> String) -> Self {
        let all = Ability::ALL.into_iter().map(|ability| (ability, text(&field_name(ability))));
        Self(all.filter(|(_, answer)| !answer.is_empty()).collect())
    }

    /// Answers that are none of those offered are wrong.
    pub(super) fn check(&self, errors: &mut FieldErrors) {
        for (ability, answer) in &self.0 {
            if answer != CAN && answer != CANNOT {
                errors.add(field_name(*ability), FieldError::UnknownChoice);
            }
        }
    }

    /// The abilities with that answer.
    pub(super) fn all(&self, answer: &str) -> Vec<Ability> {
        self.0.iter().filter(|(_, said)| *said == answer).map(|(ability, _)| *ability).collect()
    }

    /// The fields of the form.
    pub(super) fn fields(&self, known: Option<&BookRow>, errors: &FieldErrors) -> Vec<AbilityField> {
        let in_book = |ability: Ability| {
            known.is_some_and(|row| row.capabilities.iter().any(|word| word == ability.in_book()))
        };
        let field = |ability: Ability| AbilityField {
            name: field_name(ability),
            label: titled(ability.words()),
            otherwise: if in_book(ability) { "The price book says it can" } else { "Nothing is known" },
            field: Field {
                value: self.0.get(&ability).cloned().unwrap_or_default(),
                error: errors.of(&field_name(ability)).cloned(),
            },
        };
        Ability::ALL.into_iter().map(field).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_kept_by_ability_and_an_unknown_one_is_wrong() {
        let text = |name: &str| match name {
            "ability_tools" => "can".to_owned(),
            "ability_vision" => "cannot".to_owned(),
            "ability_reasoning" => "perhaps".to_owned(),
            _ => String::new(),
        };
        let said = Said::sent(text);
        assert_eq!((said.all(CAN), said.all(CANNOT)), (vec![Ability::Tools], vec![Ability::Vision]));
        let mut errors = FieldErrors::default();
        said.check(&mut errors);
        assert_eq!(errors.of("ability_reasoning"), Some(&FieldError::UnknownChoice));
        assert_eq!(errors.iter().count(), 1);
    }
}
