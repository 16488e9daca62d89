//! `weir people`: who may sign in, and links by which they come in, at the machine. For whoever can read the data folder,
//! above all when the last administrator lost their password.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use weir_controlplane::error::AppError;
use weir_controlplane::people::invitation::InvitationForm;
use weir_controlplane::people::operator::{OperatorError, People};
use weir_controlplane::people::{Person, RoleIn};

use super::control::built_in_book;
use super::installation::{ambient, control};
use super::serve::on_runtime;
use super::{Failure, Place};
use crate::config::Config;
use crate::output;

#[derive(Debug, Args)]
pub(super) struct PeopleArguments {
    #[command(subcommand)]
    command: PeopleCommand,
    #[command(flatten)]
    pub(super) place: Place,
}

#[derive(Debug, Subcommand)]
enum PeopleCommand {
    /// List everybody and what they are where.
    List {
        /// Print one line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make a link by which somebody sets a new password. It works once, for a day; printed once.
    ResetLink {
        /// The address they sign in with.
        email: String,
        /// Print one line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make a link by which somebody makes an account. It works once, for a week; printed once.
    Invite {
        /// The address they will sign in with.
        email: String,
        /// What they will be: `admin`, `member` or `viewer`.
        #[arg(long, default_value = "viewer")]
        role: String,
        /// Where, by name or id; may be repeated. Default: everywhere.
        #[arg(long = "workspace", value_name = "NAME")]
        workspaces: Vec<String>,
        /// Let them read what was asked and answered. Admins may.
        #[arg(long)]
        read_bodies: bool,
        /// Print one line of JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Runs it on the app database that the configuration names, whether the control plane runs or not.
pub(super) fn run(config: &Config, arguments: &PeopleArguments) -> Result<(), Failure> {
    let control = control(config);
    let database = control.data.join("app.sqlite");
    if control.database_url.is_none() && !database.exists() {
        return Err(Failure::Usage(format!(
            "there is no app database at {}: name the data folder with --data, or the configuration with --config",
            database.display()
        )));
    }
    on_runtime(config, async {
        let people = People::open(control, ambient(), built_in_book()?).await.map_err(failed)?;
        let done = answer(&people, &arguments.command).await.map_err(failed);
        people.close().await;
        done
    })
}

async fn answer(people: &People, command: &PeopleCommand) -> Result<(), OperatorError> {
    match command {
        PeopleCommand::List { json } => {
            let names = people.workspace_names().await?;
            let all = people.list().await?;
            if *json {
                output::line(&json!({ "data": all }).to_string());
            } else {
                all.iter().for_each(|person| output::line(&listed(person, &names)));
            }
        }
        PeopleCommand::ResetLink { email, json } => {
            let made = people.reset_link(email).await?;
            let answer = json!({ "email": made.email, "link": made.link, "expires_us": made.expires_us });
            tell(
                *json,
                &answer,
                "It sets a new password once, within a day. Keep it secret: it is not shown again.",
            );
        }
        PeopleCommand::Invite { email, role, workspaces, read_bodies, json } => {
            let roles = roles(people, role, workspaces, *read_bodies).await?;
            let (made, link) = people.invite(InvitationForm { email: email.clone(), roles }).await?;
            let answer = json!({ "email": made.email, "link": link, "expires_us": made.expires_us });
            tell(
                *json,
                &answer,
                "It makes an account once, within a week. Keep it secret: it is not shown again.",
            );
        }
    }
    Ok(())
}

fn tell(as_json: bool, answer: &Value, note: &str) {
    if as_json {
        output::line(&answer.to_string());
    } else {
        output::note(note);
        output::line(answer["link"].as_str().unwrap_or_default());
    }
}

/// The same role in every workspace that was named, or everywhere. An unknown name goes on as an id, and is refused as one.
async fn roles(
    people: &People,
    role: &str,
    workspaces: &[String],
    read_bodies: bool,
) -> Result<Vec<RoleIn>, OperatorError> {
    let names = people.workspace_names().await?;
    let role_in = |workspace| RoleIn { workspace, role: role.to_owned(), read_bodies };
    if workspaces.is_empty() {
        return Ok(vec![role_in(None)]);
    }
    let of = |named: &String| {
        let known = names.iter().find(|(_, name)| name == named);
        role_in(Some(known.map_or(named.as_str(), |(id, _)| id).into()))
    };
    Ok(workspaces.iter().map(of).collect())
}

fn listed(person: &Person, names: &[(String, String)]) -> String {
    let place = |role: &RoleIn| match &role.workspace {
        None => "everywhere".to_owned(),
        Some(id) => {
            let name = names.iter().find(|(known, _)| known == id.as_str());
            format!("in {}", name.map_or(id.as_str(), |(_, name)| name))
        }
    };
    let roles: Vec<String> =
        person.roles.iter().map(|role| format!("{} {}", role.role, place(role))).collect();
    let state = if person.disabled_us.is_some() { "shut out" } else { "in" };
    format!("{:32} {:8} {:24} {}", person.email, state, person.name, roles.join(", "))
}

/// A refused form names its fields.
fn failed(error: OperatorError) -> Failure {
    match error {
        OperatorError::Refused(AppError::Invalid(errors)) => {
            let said: Vec<String> = errors.iter().map(|(field, error)| format!("{field}: {error}")).collect();
            Failure::Run(said.join(" "))
        }
        other => Failure::run(other),
    }
}
