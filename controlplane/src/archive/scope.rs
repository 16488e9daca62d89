//! Who asks: the only maker of statements over tenants' rows, so that none can be without its workspaces.

use serde::Serialize;
use uuid::Uuid;
use weir_contract::id::WorkspaceId;
use weir_contract::money::Money;

use super::window::Window;

/// The workspaces a question may see, and which page asks it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    workspaces: Vec<WorkspaceId>,
    asked_by: &'static str,
}

/// The tables a scope opens; each has a `workspace_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    /// One row per call.
    Calls,
    /// One row per stored body.
    Bodies,
    /// Spend by customer, model and hour.
    SpendCustomer,
    /// Spend by customer and day: knows every call from its start on.
    SpendCustomerDay,
    /// Spend by key, environment, model, provider and hour.
    SpendKey,
    /// Spend by model, provider, endpoint and hour: the narrowest.
    SpendModel,
    /// Spend by everything and day.
    SpendDay,
    /// Spend by rule, outcome, model, provider and hour.
    SpendPolicy,
    /// Latency by model, provider, endpoint and five minutes, as histograms.
    Latency,
}

impl Table {
    const fn name(self) -> &'static str {
        match self {
            Self::Calls => "llm_calls",
            Self::Bodies => "llm_bodies",
            Self::SpendCustomer => "spend_customer_1h",
            Self::SpendCustomerDay => "spend_customer_1d",
            Self::SpendKey => "spend_key_1h",
            Self::SpendModel => "spend_model_1h",
            Self::SpendDay => "spend_1d",
            Self::SpendPolicy => "spend_policy_1h",
            Self::Latency => "latency_5m",
        }
    }

    /// The time column its partitions are made of.
    const fn time(self) -> &'static str {
        match self {
            Self::Calls | Self::Bodies => "started_at",
            Self::SpendCustomer
            | Self::SpendCustomerDay
            | Self::SpendKey
            | Self::SpendModel
            | Self::SpendDay
            | Self::SpendPolicy
            | Self::Latency => "t",
        }
    }
}

impl Scope {
    /// What `page` may see. Without a workspace nothing is seen.
    pub(crate) fn new(workspaces: Vec<WorkspaceId>, page: &'static str) -> Self {
        Self { workspaces, asked_by: page }
    }

    /// The same, kept to one of its workspaces; one that is not among them sees nothing.
    pub(crate) fn within(mut self, workspace: &str) -> Self {
        self.workspaces.retain(|id| id.as_str() == workspace);
        self
    }

    /// Begins a statement: `SELECT {columns} FROM {table} WHERE {the workspaces}`.
    pub(super) fn read(&self, columns: &str, table: Table) -> Statement {
        let mut statement = Statement {
            sql: String::new(),
            parameters: Vec::new(),
            asked_by: self.asked_by,
            workspaces: String::new(),
        };
        // One workspace is written as an equality: only then does ClickHouse read the key in order.
        statement.workspaces = if let [only] = self.workspaces.as_slice() {
            format!("workspace_id = {}", statement.text(only.as_str()))
        } else {
            let all = self.workspaces.iter().map(|id| id.as_str().to_owned()).collect();
            format!("workspace_id IN {}", statement.bind("Array(String)", Value::Texts(all)))
        };
        statement.sql = format!("SELECT {columns} FROM {} WHERE {}", table.name(), statement.workspaces);
        statement
    }
}

/// A question with its parameters. Made by [`Scope::read`] alone; grows by conditions and a tail.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    sql: String,
    parameters: Vec<(String, Value)>,
    asked_by: &'static str,
    workspaces: String,
}

/// A bound value, as ClickHouse reads parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(super) enum Value {
    /// Text.
    Text(String),
    /// A number.
    Number(i64),
    /// A list of texts.
    Texts(Vec<String>),
    /// A list of numbers.
    Numbers(Vec<i64>),
}

impl Statement {
    /// An empty statement over the manifests of batches, which belong to gateways and hold no tenant's rows.
    pub(super) fn of_manifests() -> Self {
        Self { sql: String::new(), parameters: Vec::new(), asked_by: "tie", workspaces: "false".to_owned() }
    }

    /// Binds a value and gives the text that stands for it.
    pub(super) fn bind(&mut self, kind: &str, value: Value) -> String {
        let name = format!("p{}", self.parameters.len());
        let hole = format!("{{{name}:{kind}}}");
        self.parameters.push((name, value));
        hole
    }

    /// Binds text.
    pub(super) fn text(&mut self, text: &str) -> String {
        self.bind("String", Value::Text(text.to_owned()))
    }

    /// Binds a number.
    pub(super) fn number(&mut self, number: i64) -> String {
        self.bind("Int64", Value::Number(number))
    }

    /// Binds an amount.
    pub(super) fn amount(&mut self, amount: Money) -> String {
        self.bind("Decimal(18, 9)", Value::Text(amount.usd_exact()))
    }

    /// Binds a moment, µs UTC.
    pub(super) fn moment(&mut self, at_us: i64) -> String {
        let number = self.number(at_us);
        format!("fromUnixTimestamp64Micro({number}, 'UTC')")
    }

    /// Binds a request's id.
    pub(super) fn uuid(&mut self, id: Uuid) -> String {
        self.bind("UUID", Value::Text(id.to_string()))
    }

    /// Binds several.
    pub(super) fn uuids(&mut self, ids: &[Uuid]) -> String {
        self.bind("Array(UUID)", Value::Texts(ids.iter().map(Uuid::to_string).collect()))
    }

    /// Narrows by a condition.
    pub(super) fn and(mut self, condition: &str) -> Self {
        self.sql.push_str(" AND (");
        self.sql.push_str(condition);
        self.sql.push(')');
        self
    }

    /// Narrows to a stretch of the table's time.
    pub(super) fn during(mut self, table: Table, window: Window) -> Self {
        let condition = self.within(table, window);
        self.and(&condition)
    }

    /// The condition for a stretch of the table's time.
    fn within(&mut self, table: Table, window: Window) -> String {
        let (from, to) = (self.moment(window.from_us), self.moment(window.to_us));
        let time = table.time();
        format!("{time} >= {from} AND {time} < {to}")
    }

    /// A statement inside this one, over the same workspaces and a stretch of time; ends where conditions may follow.
    pub(super) fn nested(&mut self, columns: &str, table: Table, window: Window) -> String {
        let within = self.within(table, window);
        format!("SELECT {columns} FROM {} WHERE {} AND {within}", table.name(), self.workspaces)
    }

    /// Appends grouping, order and limit.
    pub(super) fn then(mut self, tail: &str) -> Self {
        self.sql.push(' ');
        self.sql.push_str(tail);
        self
    }

    pub(super) fn sql(&self) -> &str {
        &self.sql
    }

    pub(super) fn parameters(&self) -> &[(String, Value)] {
        &self.parameters
    }

    pub(super) fn asked_by(&self) -> &'static str {
        self.asked_by
    }
}

/// What the tests of the neighbouring files ask of every statement.
#[cfg(test)]
pub(super) mod promise {
    use super::*;

    /// A scope of one workspace for tests.
    pub(in crate::archive) fn scope() -> Scope {
        Scope::new(vec![WorkspaceId::from("ws_test")], "test")
    }

    /// Every table a statement reads stands with its workspaces, and no bound value stands in its text.
    pub(in crate::archive) fn keeps_to_its_workspaces(statement: &Statement) {
        let sql = statement.sql();
        let reads = sql.matches(" FROM ").count();
        let scoped = sql.matches("workspace_id = {p0:String}").count();
        assert!(reads > 0 && reads == scoped, "{reads} tables, {scoped} scopes: {sql}");
        assert!(statement.parameters().contains(&("p0".into(), Value::Text("ws_test".into()))));
        assert!(!sql.contains("ws_test"), "{sql}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_workspace_is_an_equality_several_are_a_list_and_none_sees_nothing() {
        let one = promise::scope().read("count()", Table::Calls);
        assert_eq!(one.sql(), "SELECT count() FROM llm_calls WHERE workspace_id = {p0:String}");
        let two = Scope::new(vec!["a".into(), "b".into()], "test").read("1", Table::SpendDay);
        assert_eq!(two.sql(), "SELECT 1 FROM spend_1d WHERE workspace_id IN {p0:Array(String)}");
        let none = Scope::new(Vec::new(), "test").read("1", Table::Bodies);
        assert_eq!(none.parameters(), [("p0".to_owned(), Value::Texts(Vec::new()))]);
    }

    #[test]
    fn what_is_bound_never_stands_in_the_text() {
        let mut statement = promise::scope().read("1", Table::Calls);
        let hole = statement.text("' OR 1 = 1 --");
        let statement = statement.and(&format!("customer_id = {hole}"));
        assert!(statement.sql().ends_with("AND (customer_id = {p1:String})"), "{}", statement.sql());
    }
}
