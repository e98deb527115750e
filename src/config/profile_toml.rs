//! `profile.toml`, one file at a time: what it states itself, before `extends` is followed.
//!
//! Rules that need other files (parents, templates, the config) are `lineage`'s.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::phases_toml::{self, Lifecycle};
use super::strict::{At, Source, Table, nearest, plain, shorten};
use super::values::{Value, is_glob, law_of};
use crate::model::law_id::{LawId, Level};
use crate::model::layout::NAMESPACE_FOLDERS;
use crate::model::name::{ProfileName, Word};
use crate::model::profile::CommandSpec;

const KEYS: &[&str] =
    &["name", "version", "description", "extends", "examples", "documents", "laws", "commands", "syntax", "phases"];

/// What one `profile.toml` states. Parts that have problems are `None` or left out; the problems stay with the source.
pub(crate) struct Statement {
    /// The file.
    pub(crate) source: Rc<Source>,
    pub(crate) version: Option<u32>,
    pub(crate) description: Option<String>,
    pub(crate) extends: Option<At<ProfileName>>,
    pub(crate) examples: Option<Vec<String>>,
    pub(crate) documents: Option<Vec<String>>,
    pub(crate) laws: BTreeMap<LawId, At<Level>>,
    /// A command that is named but wrong is `None`, so that whoever uses its name is not blamed as well.
    pub(crate) commands: BTreeMap<Word, Option<CommandSpec>>,
    pub(crate) syntax: BTreeMap<String, At<Word>>,
    pub(crate) lifecycle: Option<Lifecycle>,
}

/// Reads the file of the profile `folder`.
pub(crate) fn read(source: &Rc<Source>, folder: &ProfileName) -> Statement {
    let mut statement = Statement {
        source: Rc::clone(source),
        version: None,
        description: None,
        extends: None,
        examples: None,
        documents: None,
        laws: BTreeMap::new(),
        commands: BTreeMap::new(),
        syntax: BTreeMap::new(),
        lifecycle: None,
    };
    let Some(document) = source.document() else { return statement };
    let top = Table::top(source, &document, KEYS);
    if let Some(name) = top.need("name", &format!("\"{folder}\"")).and_then(|value| value.name::<ProfileName>())
        && name.value != *folder
    {
        let message = format!("the name `{}` is not that of the folder, `{folder}`.", name.value);
        name.spot.report(message, format!("write `name = \"{folder}\"`, or rename the folder"));
    }
    statement.version = top.need("version", "1").and_then(|value| value.number(1..=u32::MAX)).map(|at| at.value);
    statement.description =
        top.need("description", "\"What this kind of work is\"").and_then(|value| value.line(500)).map(|at| at.value);
    statement.extends = top.get("extends").and_then(|value| value.name());
    statement.examples = top.get("examples").and_then(|value| value.set(200, |item| item.line(500))).map(plain);
    statement.documents = top.get("documents").and_then(|value| value.set(100, document_glob)).map(plain);
    if let Some(laws) = top.get("laws").and_then(|value| value.table("`[laws]`")) {
        statement.laws = read_laws(&laws);
    }
    if let Some(commands) = top.get("commands").and_then(|value| value.table("`[commands]`")) {
        for (key, value) in commands.entries() {
            if let Some(name) = command_name(&key) {
                statement.commands.insert(name, read_command(&value));
            }
        }
    }
    if let Some(syntax) = top.get("syntax").and_then(|value| value.table("`[syntax]`")) {
        for (glob, command) in syntax.entries() {
            if let (true, Some(command)) = (is_glob(glob.value, &glob.spot), command.name()) {
                statement.syntax.insert(glob.value.to_owned(), command);
            }
        }
    }
    statement.lifecycle = top.get("phases").map(|value| phases_toml::read(&value));
    if statement.lifecycle.is_none() && statement.extends.is_none() {
        let fix = "add `[[phases]]`, one of them with `stage = \"implement\"`, or say `extends = \"…\"`";
        top.spot().report("the profile has no phases and extends no other profile.", fix);
    }
    statement
}

fn document_glob(item: &Value<'_>) -> Option<At<String>> {
    let glob = item.glob()?;
    let first = glob.value.split('/').next().unwrap_or_default();
    if NAMESPACE_FOLDERS.contains(&first) {
        let message = format!("`{first}/` holds files of agentops, not documents.");
        glob.spot.report(message, "choose another folder for documents");
        return None;
    }
    Some(glob)
}

fn read_laws(table: &Table<'_>) -> BTreeMap<LawId, At<Level>> {
    let mut levels = BTreeMap::new();
    for (key, value) in table.entries() {
        let (Some(law), Some(level)) = (law_of(key.value, &key.spot), value.level()) else { continue };
        match level.value {
            Level::Off => level.spot.report("a profile can only raise the level of a law.", "write `warn` or `error`"),
            Level::Warn if !law.may_be_warn() => {
                level.spot.report(format!("{law} can not be set to that level."), "write `error`, or remove the line");
            }
            Level::Warn | Level::Error => {
                levels.insert(law, level);
            }
        }
    }
    levels
}

fn command_name(key: &At<&str>) -> Option<Word> {
    Word::parse(key.value).map_err(|error| key.spot.report(format!("{error}."), "rename the command")).ok()
}

fn read_command(value: &Value<'_>) -> Option<CommandSpec> {
    let table = value.table("a command")?;
    table.only(&["run", "timeout_seconds", "takes_paths"]);
    let run = table.need("run", "[\"cargo\", \"test\"]").and_then(|value| value.words());
    let timeout = match table.get("timeout_seconds") {
        Some(value) => value.number(1..=86_400).map(|at| at.value),
        None => Some(900),
    };
    let takes_paths = match table.get("takes_paths") {
        Some(value) => value.flag(),
        None => Some(false),
    };
    Some(CommandSpec { run: run?, timeout_seconds: timeout?, takes_paths: takes_paths? })
}

/// Reports every use of a command that `known` does not say.
pub(crate) fn check_commands<'a>(uses: impl Iterator<Item = &'a At<Word>>, known: &[&str]) {
    for at in uses {
        let name = at.value.as_str();
        if known.contains(&name) {
            continue;
        }
        let fix = match nearest(name, known) {
            Some(meant) => format!("did you mean `{meant}`? Otherwise add `[commands.{name}]`"),
            None => format!("add `[commands.{name}]` with `run = []`"),
        };
        at.spot.report(format!("there is no command `{}`.", shorten(name)), fix);
    }
}
