//! The filter grammar as SQL over the final rows of `llm_calls`: the only place that knows both.
//!
//! A field that is added to the grammar does not compile until it has its column here.

use weir_contract::filter::{Bounds, Field, Filter, Pattern, Term, Test};
use weir_contract::money::Money;

use super::scope::{Statement, Table};
use super::window::Window;

/// All input tokens of a row.
pub(super) const TOKENS_IN: &str = "(toUInt64(input_tokens) + cache_read_tokens + cache_write_5m_tokens + cache_write_1h_tokens + audio_input_tokens + image_input_tokens)";
/// All output tokens of a row.
pub(super) const TOKENS_OUT: &str =
    "(toUInt64(output_tokens) + reasoning_tokens + audio_output_tokens + image_output_tokens)";
/// What `status:error` means: the same rows the rollups count as errors.
pub(super) const FAILED: &str = "outcome NOT IN ('ok', 'blocked')";
/// Arrival to first content byte, µs; 0 when there was none.
pub(super) const FIRST_TOKEN: &str = "toUInt64(ttft_us)";

/// The statement narrowed to the filter; `window` bounds what nested questions read.
pub(super) fn narrowed(mut statement: Statement, filter: &Filter, window: Window) -> Statement {
    for term in &filter.terms {
        let condition = condition(&mut statement, term, window);
        statement = statement.and(&condition);
    }
    statement
}

/// The filter as one condition, for statements that need it more than once; its values are bound to `statement`.
pub(super) fn conditions(statement: &mut Statement, filter: &Filter, window: Window) -> String {
    let terms = filter.terms.iter().map(|term| format!("({})", condition(statement, term, window)));
    joined(&terms.collect::<Vec<_>>())
}

/// One term as a condition, on the columns of the calls. The rollups that have them call them the same.
pub(super) fn condition(statement: &mut Statement, term: &Term, window: Window) -> String {
    let positive = match &term.test {
        Test::Text(words) => text(statement, words, window),
        Test::Present(field) => present(statement, field),
        Test::AnyOf(field, patterns) => {
            let any: Vec<String> = patterns.iter().map(|pattern| is(statement, field, pattern)).collect();
            any.join(" OR ")
        }
        Test::Between(field, bounds) => between(statement, field, *bounds, window),
    };
    if term.negated { format!("NOT ({positive})") } else { positive }
}

/// Words are looked for in what the row remembers and in the stored bodies' newest turn and answer.
fn text(statement: &mut Statement, words: &str, window: Window) -> String {
    let words = statement.text(words);
    let bodies = statement.nested("request_id", Table::Bodies, window);
    let found = |column: &str| format!("positionCaseInsensitiveUTF8({column}, {words}) > 0");
    let columns = ["prompt_preview", "response_preview", "error_message"].map(found);
    format!("{} OR request_id IN ({bodies} AND {})", columns.join(" OR "), found("search_text"))
}

/// Where a field's text stands.
enum Column {
    /// In one column, empty when absent.
    Text(&'static str),
    /// In either of two.
    Either(&'static str, &'static str),
    /// In a list.
    List(&'static str),
    /// In the map of tags.
    Tag(String),
    /// A prompt's name, with its version behind an `@`.
    Prompt,
    /// The outcome, where `error` stands for several.
    Outcome,
    /// The request's id.
    RequestId,
    /// A number: see [`number`].
    Number(&'static str),
}

fn column(statement: &mut Statement, field: &Field) -> Column {
    match field {
        Field::Customer => Column::Text("customer_id"),
        Field::User => Column::Text("user_id"),
        Field::Key => Column::Text("key_id"),
        Field::Model => Column::Either("model", "model_requested"),
        Field::Provider => Column::Text("provider"),
        Field::Endpoint => Column::Text("endpoint_id"),
        Field::Rule => Column::Text("rule_id"),
        Field::Prompt => Column::Prompt,
        Field::Status => Column::Outcome,
        Field::Error => Column::Text("error_type"),
        Field::Finish => Column::List("finish_reasons"),
        Field::Cached => Column::Text("cache_status"),
        Field::Guardrail => Column::List("guardrail_ids"),
        Field::Gateway => Column::Text("gateway_id"),
        Field::Session => Column::Text("session_id"),
        Field::Trace => Column::Text("trace_id"),
        Field::Env => Column::Text("environment"),
        Field::Id => Column::RequestId,
        Field::Origin => Column::Text("origin"),
        Field::Api => Column::Text("api"),
        Field::Cost => Column::Number("cost"),
        Field::TokensIn => Column::Number(TOKENS_IN),
        Field::TokensOut => Column::Number(TOKENS_OUT),
        Field::Ttft => Column::Number(FIRST_TOKEN),
        Field::Latency => Column::Number("duration_us"),
        Field::Tag(tag) => Column::Tag(statement.text(tag)),
    }
}

fn present(statement: &mut Statement, field: &Field) -> String {
    match (field, column(statement, field)) {
        (Field::Cached, _) => "cache_status IN ('hit', 'semantic_hit')".to_owned(),
        (Field::Cost, _) => "rated".to_owned(),
        (_, Column::Text(name)) => format!("{name} != ''"),
        (_, Column::Either(first, second)) => format!("{first} != '' OR {second} != ''"),
        (_, Column::List(name)) => format!("notEmpty({name})"),
        (_, Column::Tag(tag)) => format!("mapContains(tags, {tag})"),
        (_, Column::Prompt) => "prompt_name != ''".to_owned(),
        (_, Column::Outcome) => "outcome != ''".to_owned(),
        (_, Column::RequestId) => "NOT empty(request_id)".to_owned(),
        (_, Column::Number(expression)) => format!("{expression} > 0"),
    }
}

fn is(statement: &mut Statement, field: &Field, pattern: &Pattern) -> String {
    match (column(statement, field), pattern) {
        (Column::Outcome, Pattern::Exactly(name)) if name == "error" => FAILED.to_owned(),
        (Column::Outcome, _) => matches(statement, "outcome", pattern),
        (Column::Text(name), _) => matches(statement, name, pattern),
        (Column::Either(first, second), _) => {
            format!("{} OR {}", matches(statement, first, pattern), matches(statement, second, pattern))
        }
        (Column::List(name), Pattern::Exactly(value)) => format!("has({name}, {})", statement.text(value)),
        (Column::List(name), Pattern::StartsWith(value)) => {
            format!("arrayExists(one -> startsWith(one, {}), {name})", statement.text(value))
        }
        (Column::Tag(tag), _) => {
            let value = matches(statement, &format!("tags[{tag}]"), pattern);
            format!("mapContains(tags, {tag}) AND {value}")
        }
        (Column::Prompt, _) => prompt(statement, pattern),
        (Column::RequestId, Pattern::Exactly(id)) => id
            .parse()
            .map_or_else(|_| "false".to_owned(), |id| format!("request_id = {}", statement.uuid(id))),
        (Column::RequestId, Pattern::StartsWith(_)) => matches(statement, "toString(request_id)", pattern),
        // The parser makes ranges of numbers; should it ever not, nothing matches rather than everything.
        (Column::Number(_), _) => "false".to_owned(),
    }
}

fn matches(statement: &mut Statement, column: &str, pattern: &Pattern) -> String {
    match pattern {
        Pattern::Exactly(value) => format!("{column} = {}", statement.text(value)),
        Pattern::StartsWith(value) => format!("startsWith({column}, {})", statement.text(value)),
    }
}

fn prompt(statement: &mut Statement, pattern: &Pattern) -> String {
    if let Pattern::Exactly(value) = pattern
        && let Some((name, version)) = value.rsplit_once('@')
        && let Ok(version) = version.parse::<u32>()
    {
        let (name, version) = (statement.text(name), statement.number(i64::from(version)));
        return format!("prompt_name = {name} AND prompt_version = {version}");
    }
    matches(statement, "prompt_name", pattern)
}

fn between(statement: &mut Statement, field: &Field, bounds: Bounds, window: Window) -> String {
    if *field == Field::Cost {
        return cost(statement, bounds, window);
    }
    let Column::Number(expression) = column(statement, field) else { return "false".to_owned() };
    let conditions =
        sides(bounds).map(|(sign, number)| format!("{expression} {sign} {}", statement.number(number)));
    joined(&conditions.collect::<Vec<_>>())
}

/// A request's cost is the sum over its calls; only requests of several calls need the sum.
fn cost(statement: &mut Statement, bounds: Bounds, window: Window) -> String {
    let sides: Vec<(&str, String)> =
        sides(bounds).map(|(sign, nano)| (sign, statement.amount(Money::from_nano(nano)))).collect();
    let of = |what: &str| {
        joined(&sides.iter().map(|(sign, amount)| format!("{what} {sign} {amount}")).collect::<Vec<_>>())
    };
    let several = statement.nested("request_id", Table::Calls, window);
    format!(
        "if(attempt = 0, {}, request_id IN ({several} AND (attempt > 0 OR NOT final) GROUP BY request_id HAVING {}))",
        of("cost"),
        of("sum(cost)")
    )
}

fn sides(bounds: Bounds) -> impl Iterator<Item = (&'static str, i64)> {
    let from = bounds.from.map(|(number, inclusive)| (if inclusive { ">=" } else { ">" }, number));
    let to = bounds.to.map(|(number, inclusive)| (if inclusive { "<=" } else { "<" }, number));
    from.into_iter().chain(to)
}

fn joined(conditions: &[String]) -> String {
    if conditions.is_empty() { "true".to_owned() } else { conditions.join(" AND ") }
}

#[cfg(test)]
mod tests {
    use super::super::scope::{Value, promise};
    use super::*;

    const WINDOW: Window = Window { from_us: 1, to_us: 2 };

    fn statement(filter: &str) -> Statement {
        let read = promise::scope().read("1", Table::Calls);
        narrowed(read, &Filter::parse(filter).unwrap(), WINDOW)
    }

    fn sql(filter: &str) -> String {
        let statement = statement(filter);
        promise::keeps_to_its_workspaces(&statement);
        let all = "SELECT 1 FROM llm_calls WHERE workspace_id = {p0:String}";
        statement.sql().strip_prefix(all).unwrap().trim_start_matches(" AND ").to_owned()
    }

    #[test]
    fn every_form_of_the_grammar_becomes_a_condition() {
        let cases = [
            ("", ""),
            ("customer:acme", "(customer_id = {p1:String})"),
            ("customer:a,b*", "(customer_id = {p1:String} OR startsWith(customer_id, {p2:String}))"),
            ("-customer:*", "(NOT (customer_id != ''))"),
            ("status:error", "(outcome NOT IN ('ok', 'blocked'))"),
            ("status:timeout", "(outcome = {p1:String})"),
            ("model:m", "(model = {p1:String} OR model_requested = {p2:String})"),
            ("latency:1s..2s", "(duration_us >= {p1:Int64} AND duration_us <= {p2:Int64})"),
            ("finish:stop", "(has(finish_reasons, {p1:String}))"),
            ("guardrail:*", "(notEmpty(guardrail_ids))"),
            ("tag.feature:chat", "(mapContains(tags, {p1:String}) AND tags[{p1:String}] = {p2:String})"),
            ("prompt:greet@3", "(prompt_name = {p1:String} AND prompt_version = {p2:Int64})"),
            ("id:nonsense", "(false)"),
            ("cached:*", "(cache_status IN ('hit', 'semantic_hit'))"),
            ("-cost:*", "(NOT (rated))"),
        ];
        for (filter, expected) in cases {
            assert_eq!(sql(filter), expected, "{filter}");
        }
    }

    #[test]
    fn every_field_has_a_condition_for_presence_and_value() {
        for name in Field::NAMES.iter().copied().chain(["tag.x"]) {
            let number = Field::from_name(name).unwrap().kind().is_number();
            let value = if name == "status" { "ok" } else { "1" };
            assert!(!sql(&format!("{name}:*")).is_empty());
            let condition = sql(&format!("{name}:{value}"));
            assert!(number == condition.contains("= {") || !number, "{name}: {condition}");
        }
    }

    #[test]
    fn the_cost_of_a_request_is_the_sum_over_its_calls() {
        let statement = statement("cost:>0.05");
        assert!(statement.sql().contains("HAVING sum(cost) > {p1:Decimal(18, 9)}"), "{}", statement.sql());
        assert_eq!(statement.parameters()[1].1, Value::Text("0.050000000".into()));
        promise::keeps_to_its_workspaces(&statement);
    }

    #[test]
    fn searching_bodies_stays_within_workspace_and_window() {
        let statement = statement("\"timed out\"");
        assert!(
            statement.sql().contains("FROM llm_bodies WHERE workspace_id = {p0:String} AND started_at >= ")
        );
        promise::keeps_to_its_workspaces(&statement);
    }

    #[test]
    fn hostile_values_travel_as_parameters() {
        let statement = statement("customer:\"x') OR (1=1\" tag.a';--:b");
        assert!(!statement.sql().contains("1=1") && !statement.sql().contains("--"), "{}", statement.sql());
    }
}
