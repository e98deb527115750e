//! Hooks that are not ours to replace, because another program writes them anew or because they are files of the project:
//! agentops is called from them.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Hook, InstallError, place, read, text};
use crate::engine::Site;
use crate::hooks::manager::Manager;
use crate::model::escape::shell_word;

/// Husky starts all its hooks by this file, which finds the user's script by the name that the hook was called by: moved
/// aside, such a hook would run nothing and say nothing.
const HUSKY: &str = "h";

/// Where lefthook looks for its configuration, first found first taken; a local one adds to it.
const LEFTHOOK: [&str; 6] =
    ["lefthook", ".lefthook", ".config/lefthook", "lefthook-local", ".lefthook-local", ".config/lefthook-local"];
const LEFTHOOK_FORMATS: [&str; 5] = ["yml", "yaml", "toml", "json", "jsonc"];

/// Whose hooks they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// A manager that writes all of them anew.
    Manager(Manager),
    /// The project, which tracks them.
    Project,
}

/// The manager that may write every hook in `folder` anew, without being asked.
fn manager(folder: &Path) -> Result<Option<Manager>, InstallError> {
    if read(&folder.join(HUSKY))?.is_some_and(|bytes| String::from_utf8_lossy(&bytes).contains("husky")) {
        return Ok(Some(Manager::Husky));
    }
    for hook in Hook::all() {
        let manager = read(&folder.join(hook.name()))?.as_deref().and_then(Manager::of);
        if let Some(manager) = manager.filter(|manager| manager.wants_to_call()) {
            return Ok(Some(manager));
        }
    }
    Ok(None)
}

/// The configuration files of lefthook that are there, or the one that it would write.
fn lefthooks(site: &Site<'_>) -> Vec<PathBuf> {
    let top = site.repo.work_dir().unwrap_or_else(|| site.repo.git_dir());
    let names = LEFTHOOK.iter().flat_map(|name| LEFTHOOK_FORMATS.map(|format| format!("{name}.{format}")));
    let found: Vec<PathBuf> = names.map(|name| top.join(name)).filter(|file| file.is_file()).collect();
    if found.is_empty() { vec![top.join("lefthook.yml")] } else { found }
}

/// The file in which the user says what the hook does.
fn caller(site: &Site<'_>, folder: &Path, hook: Hook, manager: Option<Manager>) -> PathBuf {
    match manager {
        Some(Manager::Husky) => folder.parent().unwrap_or(folder).join(hook.name()),
        Some(Manager::Lefthook) => lefthooks(site).swap_remove(0),
        _ => folder.join(hook.name()),
    }
}

/// Whether the hook in place calls `agentops hooks run` for this hook.
pub(super) fn is_called(site: &Site<'_>, folder: &Path, hook: Hook) -> Result<bool, InstallError> {
    let in_place = read(&folder.join(hook.name()))?;
    let callers = match manager(folder)? {
        // It has to know the hook, and to be told what to do.
        Some(Manager::Lefthook) if in_place.as_deref().and_then(Manager::of) == Some(Manager::Lefthook) => {
            lefthooks(site)
        }
        Some(Manager::Lefthook) => Vec::new(),
        manager => vec![caller(site, folder, hook, manager)],
    };
    for file in callers {
        if calls(&read(&file)?.unwrap_or_default(), hook) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn calls(bytes: &[u8], hook: Hook) -> bool {
    let words = ["agentops", "hooks", "run", hook.name()];
    let calls = |line: &str| {
        let line: Vec<&str> = line.split(|c: char| c.is_whitespace() || "\"';&|".contains(c)).collect();
        let is_program = |word: &str| word.rsplit('/').next() == Some(words[0]);
        line.windows(words.len()).any(|part| is_program(part[0]) && part[1..] == words[1..])
    };
    String::from_utf8_lossy(bytes).lines().any(|line| !line.trim_start().starts_with('#') && calls(line))
}

/// Refuses where a hook would have to be replaced that is not ours to replace.
pub(super) fn refuse_owned(site: &Site<'_>, folder: &Path, hooks: &[Hook]) -> Result<(), InstallError> {
    let manager = manager(folder)?;
    // The project has husky, and husky has not run in this worktree.
    if folder.ends_with(".husky/_") && !folder.exists() && folder.parent().is_some_and(Path::exists) {
        return Err(InstallError::HuskyAbsent { folder: folder.to_owned() });
    }
    let mut callers = Vec::new();
    for hook in hooks {
        let file = folder.join(hook.name());
        let is_foreign = is_foreign(&file)?;
        // All of a clone's hooks come along with the manager's configuration, or none; of others it may not even know.
        let is_managers = manager.is_some() && (is_foreign || Hook::CLIENT.contains(hook));
        let is_replaced = is_managers || (is_foreign && is_tracked(site, &file)?);
        if is_replaced && !is_called(site, folder, *hook)? {
            callers.push((*hook, caller(site, folder, *hook, manager)));
        }
    }
    if callers.is_empty() {
        return Ok(());
    }
    let owner = manager.map_or(Owner::Project, Owner::Manager);
    Err(InstallError::Owned { folder: folder.to_owned(), owner, callers })
}

fn is_foreign(file: &Path) -> Result<bool, InstallError> {
    Ok(read(file)?.is_some_and(|bytes| !text::is_ours(&bytes)))
}

fn is_tracked(site: &Site<'_>, file: &Path) -> Result<bool, InstallError> {
    // The hook itself may be a link: that link is what the project keeps.
    let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else { return Ok(false) };
    Ok(site.repo.is_tracked(&place::whole(folder).join(name))?)
}

impl Owner {
    pub(super) fn clause(self) -> String {
        match self {
            Self::Manager(manager) => format!("{}'s, which writes them anew at each install", manager.name()),
            Self::Project => "tracked files of the project".to_owned(),
        }
    }

    /// What to write where, as far as it can be said as commands to paste.
    pub(super) fn remedy(self, callers: &[(Hook, PathBuf)]) -> String {
        let parts: Vec<String> = callers.iter().map(|(hook, file)| self.call(*hook, file)).collect();
        match self {
            Self::Manager(Manager::Lefthook) => lefthook_remedy(callers),
            Self::Manager(_) => format!("have them call agentops, after what they do now:\n{}", parts.join("\n")),
            Self::Project => format!("have them call agentops; add the line {}", parts.join(", ")),
        }
    }

    fn call(self, hook: Hook, file: &Path) -> String {
        let name = hook.name();
        let place = shell_word(&file.to_string_lossy());
        let line = format!("agentops hooks run {name} \"$@\" || exit 1");
        match self {
            // A file may end within a line.
            Self::Manager(_) => format!("printf '\\n{line}\\n' >> {place}"),
            Self::Project => format!("`{line}` to {place}"),
        }
    }
}

/// What is said comes first, so that below it stands nothing but what can be pasted.
fn lefthook_remedy(callers: &[(Hook, PathBuf)]) -> String {
    let mut words = "have lefthook call agentops, after its other jobs".to_owned();
    let mut commands = Vec::new();
    for (hook, file) in callers {
        let (name, job, place) = (hook.name(), lefthook_job(*hook), shell_word(&file.to_string_lossy()));
        if takes_a_new_hook(file, name) {
            commands.push(format!("printf '\\n{name}:\\n  jobs:\\n    - {job}\\n' >> {place}"));
        } else {
            words.push_str(&format!("; write `- {job}` as the last of the jobs of `{name}` in {place}"));
        }
    }
    // Installed by npm, it is on nobody's PATH.
    let is_npms =
        |(_, file): &(Hook, PathBuf)| file.ancestors().any(|top| top.join("node_modules/.bin/lefthook").exists());
    let install = if callers.iter().any(is_npms) { "npx lefthook install" } else { "lefthook install" };
    commands.push(install.to_owned());
    format!("{words}; then paste:\n{}", commands.join("\n"))
}

/// Our job, as YAML has it.
fn lefthook_job(hook: Hook) -> String {
    let (arguments, more) = match hook {
        Hook::PreCommit | Hook::PreMergeCommit => ("", ""),
        Hook::CommitMsg => (" {1}", ""),
        Hook::PrepareCommitMsg => (" {0}", ""),
        Hook::PrePush | Hook::PreReceive | Hook::ReferenceTransaction => (" {0}", ", use_stdin: true"),
    };
    format!("{{ name: agentops, run: \"agentops hooks run {}{arguments}\"{more} }}", hook.name())
}

/// Whether a hook can be added to the end of this configuration of lefthook.
fn takes_a_new_hook(file: &Path, name: &str) -> bool {
    let is_yaml = file.extension().is_some_and(|format| format == "yml" || format == "yaml");
    let text = fs::read_to_string(file).unwrap_or_default();
    is_yaml && !text.lines().any(|line| line.trim_end() == format!("{name}:"))
}
