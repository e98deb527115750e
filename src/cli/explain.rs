//! `agentops explain`: what a law demands, with an example that passes and one that fails.

use serde::Serialize;

use super::topic::{TOPICS, Topic};
use super::{CommandError, Context, Outcome};
use crate::law::{Law, registry};
use crate::model::law_id::{LawId, Level};
use crate::ui::{Table, Ui, dim, error, good, plain, strong};

/// Tell what a law demands, or what a word of the house means
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  agentops explain              # every law and topic
  agentops explain AO-L3        # one law, with examples
  agentops explain five-laws
  agentops explain 40%")]
pub struct Arguments {
    /// A law's id, or one of five-laws, three-rules, 40%, gates, compliance; without it everything is listed
    #[arg(value_name = "ID")]
    id: Option<String>,
}

#[derive(Serialize)]
struct ListBody {
    laws: Vec<LawLine>,
    topics: Vec<TopicLine>,
}

#[derive(Serialize)]
struct LawLine {
    id: &'static str,
    level: Level,
    title: &'static str,
}

#[derive(Serialize)]
struct TopicLine {
    name: &'static str,
    title: &'static str,
}

#[derive(Serialize)]
struct LawBody {
    law: LawDetail,
}

#[derive(Serialize)]
struct LawDetail {
    id: &'static str,
    title: &'static str,
    level: Level,
    may_be_off: bool,
    may_be_warn: bool,
    may_be_waived: bool,
    rule: &'static str,
    passes: &'static str,
    fails: &'static str,
}

#[derive(Serialize)]
struct TopicBody {
    topic: TopicDetail,
}

#[derive(Serialize)]
struct TopicDetail {
    name: &'static str,
    title: &'static str,
    text: &'static str,
    laws: Vec<LawLine>,
}

/// Prints the list, a law or a topic.
pub(super) fn run(arguments: Arguments, context: &mut Context) -> Result<Outcome, CommandError> {
    explain(arguments.id.as_deref(), registry(), &context.ui)
}

fn explain(id: Option<&str>, laws: &[&'static Law], ui: &Ui) -> Result<Outcome, CommandError> {
    match id {
        None => show_list(laws, ui),
        Some(id) => {
            if let Some(law) = find(id, laws) {
                show_law(law, ui);
            } else if let Some(topic) = Topic::find(id) {
                show_topic(topic, laws, ui);
            } else {
                return Err(unknown(id, laws));
            }
        }
    }
    Ok(Outcome::Done)
}

/// A law by its id, in any case, with or without `AO-`.
fn find(id: &str, laws: &[&'static Law]) -> Option<&'static Law> {
    let id = LawId::parse(id).or_else(|_| LawId::parse(&format!("AO-{id}"))).ok()?;
    laws.iter().copied().find(|law| law.id == id)
}

fn show_list(laws: &[&'static Law], ui: &Ui) {
    let body = ListBody {
        laws: laws.iter().copied().map(line).collect(),
        topics: TOPICS.iter().map(|topic| TopicLine { name: topic.name(), title: topic.title }).collect(),
    };
    ui.show(&body, |page| {
        page.table(&law_table(&body.laws));
        page.blank();
        let mut table = Table::new(["topic", "about"]);
        for topic in &body.topics {
            table.row([strong(topic.name), plain(topic.title)]);
        }
        page.table(&table);
    });
    ui.hint("`agentops explain ID` tells one of them");
}

fn show_law(law: &'static Law, ui: &Ui) {
    let id = law.id;
    let body = LawBody {
        law: LawDetail {
            id: id.as_str(),
            title: law.title,
            level: id.default_level(),
            may_be_off: id.may_be_off(),
            may_be_warn: id.may_be_warn(),
            may_be_waived: id.may_be_waived(),
            rule: law.rule,
            passes: law.passes,
            fails: law.fails,
        },
    };
    ui.show(&body, |page| {
        let law = &body.law;
        page.line([strong(law.id), plain(": "), strong(law.title)]);
        page.wrapped(0, standing(law));
        page.blank();
        page.wrapped(0, law.rule);
        for (label, example) in [(good("passes"), law.passes), (error("fails"), law.fails)] {
            page.blank();
            page.line([label, plain(":")]);
            // Examples are messages, files, commands: lines that fit stay as they are.
            page.wrapped(2, example);
        }
    });
}

fn show_topic(topic: &'static Topic, laws: &[&'static Law], ui: &Ui) {
    let behind = laws.iter().copied().filter(|law| topic.laws.contains(&law.id)).map(line).collect();
    let body =
        TopicBody { topic: TopicDetail { name: topic.name(), title: topic.title, text: topic.text, laws: behind } };
    ui.show(&body, |page| {
        page.line([strong(topic.name()), plain(": "), strong(topic.title)]);
        page.blank();
        page.wrapped(0, topic.text);
        if !body.topic.laws.is_empty() {
            page.blank();
            page.table(&law_table(&body.topic.laws));
        }
    });
}

fn unknown(id: &str, laws: &[&'static Law]) -> CommandError {
    let names = laws.iter().map(|law| law.id.as_str()).chain(TOPICS.iter().flat_map(|topic| topic.names).copied());
    let error = CommandError::usage(format!("there is no law or topic `{id}`"));
    match super::usage::nearest(id, names) {
        Some(name) => error.hint(format!("did you mean `{name}`?")),
        None => error.hint("`agentops explain` lists all"),
    }
}

fn line(law: &'static Law) -> LawLine {
    LawLine { id: law.id.as_str(), level: law.id.default_level(), title: law.title }
}

fn law_table(laws: &[LawLine]) -> Table {
    let mut table = Table::new(["law", "level", "title"]);
    for law in laws {
        table.row([strong(law.id), dim(level(law.level)), plain(law.title)]);
    }
    table
}

/// What a config and a commit may do about the law.
fn standing(law: &LawDetail) -> String {
    let mut parts = vec![format!("Level {} by default", level(law.level))];
    parts.push(match (law.may_be_off, law.may_be_warn) {
        (true, _) => "a config may lower it or switch it off".to_owned(),
        (false, true) => "a config may lower it, never switch it off".to_owned(),
        (false, false) => "no config may lower it".to_owned(),
    });
    parts.push(if law.may_be_waived {
        format!("`Agentops-Waive: {} reason` excuses one violation", law.id)
    } else {
        "it cannot be waived".to_owned()
    });
    parts.join("; ") + "."
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Off => "off",
        Level::Warn => "warn",
        Level::Error => "error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::Reads;
    use crate::ui::{Mode, Settings};

    static THREE: Law = Law {
        id: LawId::R3,
        title: "semantic commits",
        rule: "The first line says what kind of change it is.",
        passes: "feat: add a thing\n\nBody.",
        fails: "add a thing",
        reads: Reads::Messages,
        check: |_, _| Ok(()),
    };
    static E1: Law = Law { id: LawId::E1, title: "event names", ..THREE };

    fn printed(id: Option<&str>, mode: Mode) -> String {
        let ui = Ui::memory(Settings { mode, ..Settings::default() });
        match explain(id, &[&THREE, &E1], &ui) {
            Ok(_) => ui.captured().0,
            Err(error) => {
                ui.error(&error.body());
                format!("{}{}", ui.captured().0, ui.captured().1)
            }
        }
    }

    #[test]
    fn a_law_by_any_spelling() {
        let text = printed(Some("AO-R3"), Mode::Human);
        insta::assert_snapshot!(text, @"
        AO-R3: semantic commits
        Level error by default; a config may lower it or switch it off; `Agentops-Waive:
        AO-R3 reason` excuses one violation.

        The first line says what kind of change it is.

        passes:
          feat: add a thing

          Body.

        fails:
          add a thing
        ");
        assert_eq!(printed(Some("r3"), Mode::Human), text);
        assert_eq!(printed(Some("ao-r3"), Mode::Human), text);
        assert!(printed(Some("AO-E1"), Mode::Human).contains("no config may lower it; it cannot be waived."));
    }

    #[test]
    fn everything_is_listed() {
        insta::assert_snapshot!(printed(None, Mode::Human), @"
        law    level  title
        AO-R3  error  semantic commits
        AO-E1  error  event names

        topic        about
        five-laws    the Five Laws of every change
        three-rules  the Three Rules of the repository
        40%          the 40% rule of the context window
        gates        what must hold before a phase is left
        compliance   the words of the compliance report
        ");
    }

    #[test]
    fn a_topic_names_its_laws() {
        assert!(printed(Some("three rules"), Mode::Human).ends_with("AO-R3  error  semantic commits\n"));
        let document: serde_json::Value = serde_json::from_str(&printed(Some("rules"), Mode::Json)).unwrap();
        assert_eq!(document["topic"]["laws"][0]["id"], "AO-R3");
        assert_eq!(document["topic"]["laws"].as_array().map(Vec::len), Some(1));
    }

    #[test]
    fn what_is_unknown_is_guessed() {
        insta::assert_snapshot!(printed(Some("AO-R4"), Mode::Human), @"
        error: there is no law or topic `AO-R4`
        hint: did you mean `AO-R3`?
        ");
        insta::assert_snapshot!(printed(Some("five-lwas"), Mode::Human), @"
        error: there is no law or topic `five-lwas`
        hint: did you mean `five-laws`?
        ");
        insta::assert_snapshot!(printed(Some("something else"), Mode::Human), @"
        error: there is no law or topic `something else`
        hint: `agentops explain` lists all
        ");
        insta::assert_snapshot!(printed(Some("something else"), Mode::Json), @r#"{"schema_version":1,"error":{"code":"usage","message":"there is no law or topic `something else`","hint":"`agentops explain` lists all"}}"#);
    }
}
