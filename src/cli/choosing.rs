//! Which profile a new task goes to where nobody says it: the router's word is taken, or somebody is asked.

use super::route::{RouteBody, percent};
use super::{CommandError, Context};
use crate::engine::Site;
use crate::engine::knowledge::route::{self, Routed};
use crate::engine::site::Base;
use crate::model::escape::{shell_word, visible};
use crate::model::name::ProfileName;
use crate::model::state::check_title;
use crate::routing::decision::{Candidate, Decision};
use crate::ui::{plain, strong};

/// The profile of a new task, and what its first event is to remember of the choice.
pub(super) struct Choice {
    /// The profile; none where there is only one.
    pub(super) profile: Option<String>,
    /// Notes for the event.
    pub(super) notes: Vec<(String, String)>,
    /// What the router said, where it was asked.
    pub(super) routed: Option<RouteBody>,
}

/// Refuses what cannot be the title of a new task, before anybody asks where it belongs.
pub(super) fn refuse_unfit(title: &str) -> Result<(), CommandError> {
    let problem = match title.trim() {
        "" => "a task needs a title".to_owned(),
        "-" => {
            return Err(CommandError::usage("the title `-` has neither a letter nor a digit").hint(
                "`-` stands for standard input in `agentops route` alone; here say in one line what is to be done",
            ));
        }
        title if check_title(title).is_ok() && !title.chars().any(char::is_alphanumeric) => {
            format!("the title `{}` has neither a letter nor a digit", visible(title))
        }
        title => match check_title(title) {
            Ok(()) => return Ok(()),
            Err(error) => error.to_string(),
        },
    };
    Err(CommandError::usage(problem)
        .hint("say in one line what is to be done; the task's documents have room for the rest"))
}

/// Chooses. A profile that was `named` is taken; what the router said of it is remembered, unless it was sure of the same one.
pub(super) fn choose(
    context: &Context,
    site: &Site,
    title: &str,
    named: Option<String>,
) -> Result<Choice, CommandError> {
    refuse_unfit(title)?;
    let base = site.base()?;
    if base.policy.profiles.len() < 2 {
        return Ok(Choice { profile: named, notes: Vec::new(), routed: None });
    }
    let routed = route::route(&base, title)?;
    if let Some(named) = named {
        // What agrees with a router that was sure need not be told; any other choice was somebody's.
        let is_sure = matches!(routed.route.decision, Decision::Auto | Decision::Suggest);
        let agrees = is_sure && routed.route.profile().is_some_and(|best| best.as_str() == named);
        let notes = if agrees { Vec::new() } else { routed.notes(&named) };
        return Ok(Choice { profile: Some(named), notes, routed: None });
    }
    settle(context, &base, &routed, title, "agentops task new")
}

/// Takes the router's word where it is sure; otherwise asks, or refuses with commands that begin with `verb`.
pub(super) fn settle(
    context: &Context,
    base: &Base<'_>,
    routed: &Routed,
    title: &str,
    verb: &str,
) -> Result<Choice, CommandError> {
    let profile = match (routed.route.decision, routed.route.profile()) {
        (Decision::Auto, Some(best)) => {
            context.ui.talk(format!(
                "profile `{best}`: {} sure by its text; `--profile` names another",
                percent(routed.route.confidence)
            ));
            best.to_string()
        }
        _ if context.ui.can_ask() => ask(context, base, routed)?,
        _ => return Err(refusal(routed, title, verb)),
    };
    Ok(Choice { notes: routed.notes(&profile), profile: Some(profile), routed: Some(RouteBody::of(routed)) })
}

/// The profiles to choose from, best first: the two that are named, the one that is suggested, or all there are.
fn offered(routed: &Routed) -> Vec<&Candidate> {
    let present = || routed.route.candidates.iter().filter(|one| one.present);
    let named: Vec<&Candidate> = routed.route.named().filter(|one| one.present).collect();
    let is_clear = match routed.route.decision {
        Decision::Auto | Decision::Suggest => true,
        Decision::Ask => named.len() == 2,
        Decision::None => false,
    };
    if is_clear && !named.is_empty() { named } else { present().collect() }
}

fn ask(context: &Context, base: &Base<'_>, routed: &Routed) -> Result<String, CommandError> {
    let offered = offered(routed);
    let suggested = match routed.route.decision {
        Decision::Suggest => offered.first().map(|one| one.profile.as_str()),
        _ => None,
    };
    context.ui.aside(|page| {
        page.text(why(routed));
        for one in &offered {
            page.line([plain("  "), strong(&one.profile), plain(format!("  {}", percent(one.score)))]);
        }
    });
    let question = suggested.map_or("which profile?".to_owned(), |name| format!("which profile? [{name}]"));
    let names: Vec<&str> = base.policy.profiles.keys().map(ProfileName::as_str).collect();
    Ok(context.ui.ask(question, |answer| match (answer, suggested) {
        ("", Some(name)) => Ok(name.to_owned()),
        (answer, _) if names.contains(&answer) => Ok(answer.to_owned()),
        _ => Err(format!("there are: {}", names.join(", "))),
    })?)
}

/// Nobody can be asked: the candidates and the commands.
fn refusal(routed: &Routed, title: &str, verb: &str) -> CommandError {
    let offered = offered(routed);
    let error = CommandError::usage(format!("which profile? {}", why(routed)));
    let error = match routed.route.decision {
        Decision::None => error.hint("if it needs no plan, commit it directly: agentops commit"),
        Decision::Ask if offered.len() == 2 && routed.route.is_of_two() => {
            error.hint("work for two profiles is a task in each, one `--after` the other")
        }
        _ => error,
    };
    let commands = offered.iter().map(|one| format!("{verb} {} --profile {}", shell_word(title), one.profile));
    let absent = routed.route.candidates.first().filter(|best| !best.present && routed.route.profile().is_some());
    let adding = absent.map(|best| format!("agentops init --profile {}", best.profile));
    adding.into_iter().chain(commands).fold(error, CommandError::hint)
}

/// Why the router does not decide alone.
fn why(routed: &Routed) -> String {
    let named: Vec<String> =
        routed.route.named().map(|one| format!("`{}` ({})", one.profile, percent(one.score))).collect();
    let named = named.join(if routed.route.is_of_two() { " and " } else { " or " });
    let is_present = routed.route.candidates.first().is_some_and(|best| best.present);
    match routed.route.decision {
        Decision::None => "this looks like one-off work that belongs to none".to_owned(),
        Decision::Ask if routed.route.named().count() == 2 => format!("it could belong to {named}"),
        Decision::Ask => format!("nothing fits clearly; nearest is {named}"),
        _ if is_present => format!("it probably belongs to {named}"),
        _ => format!("it probably belongs to {named}, which this repository does not have"),
    }
}
