//! The commands that must have run before a phase is left.

use crate::model::deliverables::Deliverables;
use crate::model::layout;
use crate::model::manifest::Manifest;
use crate::model::name::Word;
use crate::model::path::RepoPath;
use crate::model::plan::Plan;
use crate::model::profile::{Phase, Profile};
use crate::model::state::Stage;
use crate::model::tree::SightError;
use crate::workflow::globs::Globs;

/// So many changed files are handed to a syntax check; where there are more, it runs without paths, on everything.
const MOST_PATHS: usize = 50;

/// A command that must have run with exit 0 before a phase is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Required {
    /// Its name in the profile.
    pub name: Word,
    /// What the plan, or the paths that changed, add to its command line.
    pub arguments: Vec<String>,
}

impl Required {
    /// The name and arguments, for people.
    pub(super) fn shown(&self) -> String {
        let mut words = vec![self.name.to_string()];
        words.extend(self.arguments.iter().map(|path| RepoPath::from(path.as_str()).to_string()));
        words.join(" ")
    }
}

/// The commands that must have run to leave `phase`: those of its gate; then in the implement stage those that the plan
/// selects, those that `promises` name, and those that the profile's `[syntax]` names for files in `changed`, the manifest
/// of the task. Each once, in this order. Paths are added only where the profile's command takes them; elsewhere the command is wanted without.
/// `phase next` runs exactly these.
pub fn required_commands(
    profile: &Profile,
    phase: &Phase,
    plan: Option<&Plan>,
    promises: Option<&Deliverables>,
    changed: Option<&Manifest>,
) -> Result<Vec<Required>, SightError> {
    let takes_paths = |name: &Word| profile.commands.get(name).is_none_or(|command| command.takes_paths);
    let mut required: Vec<Required> = Vec::new();
    let mut want = |name: &Word, paths: Vec<String>| {
        let arguments = if takes_paths(name) { paths } else { Vec::new() };
        let command = Required { name: name.clone(), arguments };
        if !required.contains(&command) {
            required.push(command);
        }
    };
    for name in &phase.gate.commands {
        want(name, Vec::new());
    }
    if phase.stage != Stage::Implement {
        return Ok(required);
    }
    for test in plan.map(|plan| &plan.tests[..]).unwrap_or_default() {
        want(&test.name, test.paths.clone());
    }
    for name in promises.map(Deliverables::commands).unwrap_or_default() {
        want(name, Vec::new());
    }
    for (glob, name) in &profile.syntax {
        let globs = Globs::new([glob])?;
        let lines = changed.map(Manifest::lines).unwrap_or_default().iter();
        let there = lines.filter(|line| line.content.is_some() && !line.path.is_below(layout::ROOT));
        let paths: Vec<Option<String>> =
            there.filter(|line| globs.matches(&line.path)).map(|line| argument(&line.path)).collect();
        match (paths.is_empty(), paths.len() > MOST_PATHS, paths.into_iter().collect()) {
            (true, ..) => {}
            (_, false, Some(paths)) => want(name, paths),
            // Too many, or a name that no text holds.
            _ => want(name, Vec::new()),
        }
    }
    Ok(required)
}

/// A path as an argument that no program takes for an option.
fn argument(path: &RepoPath) -> Option<String> {
    let text = path.as_str()?;
    Some(if text.starts_with('-') { format!("./{text}") } else { text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::super::testing::Gate;
    use super::*;
    use crate::model::manifest::ManifestLine;
    use crate::model::tree::MemoryTree;

    fn shown_of(gate: &Gate, plan: Option<&Plan>, changed: Option<&Manifest>) -> Vec<String> {
        let promises = gate.promised.as_ref().and_then(|promised| promised.deliverables.as_ref().ok());
        let required = required_commands(&gate.profile, &gate.phase, plan, promises, changed).unwrap();
        required.iter().map(Required::shown).collect()
    }

    #[test]
    fn required_commands_are_the_gates_and_the_plans() {
        let plan = Plan::parse("## Tests\n- run `test` — all\n- run `test` `tests/a.rs` — one\n- run `lint` — clean\n");
        let mut gate = Gate::implement().command("test", &["cargo", "test"], true);
        gate.phase.gate.commands = vec![Word::parse("test").unwrap()];
        let shown = |gate: &Gate, plan: Option<&Plan>| -> Vec<String> { shown_of(gate, plan, None) };
        assert_eq!(shown(&gate, Some(&plan)), ["test", "test tests/a.rs", "lint"]);
        assert_eq!(shown(&gate, None), ["test"]);
        gate = gate.command("test", &["make", "check"], false);
        assert_eq!(shown(&gate, Some(&plan)), ["test", "lint"], "no path where none is taken");
        gate.phase.stage = Stage::Post;
        assert_eq!(shown(&gate, Some(&plan)), ["test"], "plans select for implement alone");
    }

    #[test]
    fn promised_commands_are_required_once() {
        let criterion = |name: &str, command: &str| {
            format!(
                "[[deliverables.criterion]]\nname = \"{name}\"\nkind = \"function\"\ntext = \"It works\"\ncommand = \"{command}\"\n"
            )
        };
        let mut gate = Gate::implement()
            .promised(&[criterion("a", "test"), criterion("b", "bench"), criterion("c", "test")].concat());
        gate.phase.gate.commands = vec![Word::parse("test").unwrap()];
        assert_eq!(shown_of(&gate, None, None), ["test", "bench"]);
    }

    #[test]
    fn changed_files_are_checked_as_the_profile_says() {
        let mut tree = MemoryTree::new();
        for path in ["infra/main.tf", "infra/zones.tf", "-odd.tf", "src/a.rs"] {
            tree.put(path, "x");
        }
        let manifest = |paths: &[&str]| {
            Manifest::new(paths.iter().map(|path| ManifestLine::of(&tree, &(*path).into()).unwrap()).collect()).unwrap()
        };
        let mut gate = Gate::implement().command("fmt", &["terraform", "fmt"], true).command("lint", &["lint"], false);
        gate.phase.gate.commands = Vec::new();
        gate.profile.syntax =
            vec![("**/*.tf".into(), Word::parse("fmt").unwrap()), ("src/**".into(), Word::parse("lint").unwrap())];
        let shown = |paths: &[&str]| shown_of(&gate, None, Some(&manifest(paths)));
        assert_eq!(shown(&["infra/main.tf", "infra/zones.tf", "infra/gone.tf"]), ["fmt infra/main.tf infra/zones.tf"]);
        assert_eq!(shown(&["-odd.tf"]), ["fmt ./-odd.tf"], "no option in disguise");
        assert_eq!(shown(&["src/a.rs"]), ["lint"], "no path where none is taken");
        assert_eq!(shown(&["README.md"]), [""; 0]);
        let many: Vec<String> = (0..=MOST_PATHS).map(|number| format!("infra/{number}.tf")).collect();
        let mut tree = MemoryTree::new();
        many.iter().for_each(|path| _ = tree.put(path.as_str(), "x"));
        let lines = many.iter().map(|path| ManifestLine::of(&tree, &path.as_str().into()).unwrap()).collect();
        assert_eq!(shown_of(&gate, None, Some(&Manifest::new(lines).unwrap())), ["fmt"], "too many: all of it");
    }
}
