//! The demo: a whole task in a throwaway repository, by running the program and git as people and agents would.
//!
//! Nothing is staged for show: every line that is printed ran, and ended as the script says it must.

mod script;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::engine::error::EngineError;
use crate::git;

pub use script::SCRIPT;

/// One step of the script.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// A heading.
    Chapter(&'static str),
    /// What is about to be seen, and why.
    Say(&'static str),
    /// A file that somebody writes: path and text. `{folder}` stands for the task's own folder.
    Write(&'static str, &'static str),
    /// A replacement in a file: path, old text, new text.
    Edit(&'static str, &'static str, &'static str),
    /// A command as somebody types it, and the exit code it must end with. `{task}` stands for the task's id.
    Run(Who, &'static [&'static str], i32),
}

/// Who types a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Ada, a person.
    Human,
    /// The agent `claude`.
    Agent,
}

/// What a step did, for the printer.
#[derive(Debug, Clone)]
pub enum Shown {
    /// A heading.
    Chapter(&'static str),
    /// Talk.
    Said(&'static str),
    /// A file was written or edited.
    Wrote(String),
    /// A command ran.
    Ran {
        /// Who typed it.
        who: Who,
        /// The command line.
        line: String,
        /// What it printed, stdout first.
        output: String,
        /// How it ended.
        code: i32,
    },
}

/// A demo under way.
pub struct Demo {
    repository: PathBuf,
    environment: Vec<(&'static str, OsString)>,
    program: PathBuf,
    task: Option<String>,
}

impl Demo {
    /// Prepares `folder`, which must be empty or not exist: the repository will be `folder/greeter`, and git's own
    /// configuration is kept apart from yours in `folder/home`. `program` is this program; `surroundings` are the variables
    /// that its commands see beside the demo's own, and no others: whoever starts the demo may stand in a hook of another
    /// repository, or be an agent.
    pub fn new(
        folder: &Path,
        program: &Path,
        surroundings: Vec<(&'static str, OsString)>,
    ) -> Result<Self, EngineError> {
        let failed = |error: std::io::Error| {
            EngineError::refused(
                format!("the demo cannot use `{}`: {error}", folder.display()),
                "name a folder that is empty or does not exist: `agentops demo DIR`",
            )
        };
        if folder.exists() && std::fs::read_dir(folder).map_err(failed)?.next().is_some() {
            return Err(EngineError::refused(
                format!("`{}` is not empty", folder.display()),
                "name a folder that is empty or does not exist: `agentops demo DIR`",
            ));
        }
        let home = folder.join("home");
        let repository = folder.join("greeter");
        std::fs::create_dir_all(&home).map_err(failed)?;
        std::fs::create_dir_all(&repository).map_err(failed)?;
        let config = home.join("gitconfig");
        let text =
            "[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n[core]\n\tpager = cat\n";
        std::fs::write(&config, text).map_err(failed)?;
        let mut environment = surroundings;
        environment.extend::<[(&'static str, OsString); 6]>([
            ("HOME", home.into()),
            ("GIT_CONFIG_GLOBAL", config.into()),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
            ("GIT_TERMINAL_PROMPT", "0".into()),
            ("GIT_EDITOR", ":".into()),
            ("NO_COLOR", "1".into()),
        ]);
        Ok(Self { repository, environment, program: program.to_owned(), task: None })
    }

    /// A new folder for a demo, below the system's place for temporary files. It is kept.
    pub fn temporary_folder() -> Result<PathBuf, EngineError> {
        let made = tempfile::Builder::new().prefix("agentops-demo-").tempdir();
        made.map(tempfile::TempDir::keep).map_err(|error| {
            EngineError::refused(
                format!("no temporary folder can be made: {error}"),
                "name a folder: `agentops demo DIR`",
            )
        })
    }

    /// The repository that the demo works in.
    pub fn repository(&self) -> &Path {
        &self.repository
    }

    /// Does one step. A command that ends otherwise than the script says is an error: the demo shows no failure as success.
    pub fn step(&mut self, step: &Step) -> Result<Shown, EngineError> {
        match *step {
            Step::Chapter(title) => Ok(Shown::Chapter(title)),
            Step::Say(text) => Ok(Shown::Said(text)),
            Step::Write(path, text) => {
                let path = self.filled(path)?;
                self.write(&path, text)?;
                Ok(Shown::Wrote(path))
            }
            Step::Edit(path, old, new) => {
                let file = self.repository.join(path);
                let text = std::fs::read_to_string(&file).unwrap_or_default();
                if !text.contains(old) {
                    return Err(EngineError::refused(
                        format!("`{path}` does not hold what the demo edits"),
                        "report this",
                    ));
                }
                self.write(path, &text.replacen(old, new, 1))?;
                Ok(Shown::Wrote(path.to_owned()))
            }
            Step::Run(who, words, code) => self.run(who, words, code),
        }
    }

    fn write(&self, path: &str, text: &str) -> Result<(), EngineError> {
        let file = self.repository.join(path);
        let write = || -> std::io::Result<()> {
            if let Some(folder) = file.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(&file, text)
        };
        write()
            .map_err(|error| EngineError::refused(format!("`{path}` cannot be written: {error}"), "use another folder"))
    }

    fn run(&mut self, who: Who, words: &[&str], expected: i32) -> Result<Shown, EngineError> {
        let words = words.iter().map(|word| self.filled(word)).collect::<Result<Vec<String>, _>>()?;
        let (program, arguments) =
            words.split_first().ok_or_else(|| EngineError::refused("an empty command", "report this"))?;
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut environment = self.environment.clone();
        if who == Who::Agent {
            environment.push(("AGENTOPS_ACTOR", "claude".into()));
        }
        let (code, output) = if program == "git" {
            let output = git::run_in(&self.repository, &arguments, &environment)?;
            (output.code, joined(&output.stdout, output.stderr.as_bytes()))
        } else {
            let mut command = Command::new(&self.program);
            command.current_dir(&self.repository).args(&arguments).stdin(Stdio::null());
            let output =
                command.env_clear().envs(environment).output().map_err(|error| {
                    EngineError::refused(format!("the demo cannot run itself: {error}"), "report this")
                })?;
            (output.status.code(), joined(&output.stdout, &output.stderr))
        };
        let line = shown_line(&words);
        let code = code.unwrap_or(-1);
        if code != expected {
            return Err(EngineError::refused(
                format!("`{line}` ended with {code} instead of {expected}:\n{output}"),
                "the demo's repository is kept for a look; please report this",
            ));
        }
        Ok(Shown::Ran { who, line, output, code })
    }

    /// Puts the task's id and folder into a text of the script.
    fn filled(&mut self, text: &str) -> Result<String, EngineError> {
        if !text.contains('{') {
            return Ok(text.to_owned());
        }
        let task = match &self.task {
            Some(task) => task.clone(),
            None => {
                let events = self.repository.join(".agentops/product-dev/events");
                let mut names = std::fs::read_dir(events).into_iter().flatten().flatten();
                let name = names.next().map(|entry| entry.file_name().to_string_lossy().into_owned());
                let task = name.ok_or_else(|| EngineError::refused("the demo's task is not there", "report this"))?;
                self.task.insert(task).clone()
            }
        };
        let specs = self.repository.join(".agentops/product-dev/specs");
        let mut folders = std::fs::read_dir(specs).into_iter().flatten().flatten();
        let folder = folders.find(|entry| entry.file_name().to_string_lossy().ends_with(&task));
        let folder = folder.map(|entry| format!(".agentops/product-dev/specs/{}", entry.file_name().to_string_lossy()));
        Ok(text.replace("{task}", &task).replace("{folder}", &folder.unwrap_or_default()))
    }
}

fn joined(stdout: &[u8], stderr: &[u8]) -> String {
    format!("{}{}", String::from_utf8_lossy(stdout), String::from_utf8_lossy(stderr))
}

/// The words as one would type them in a shell: quoted where they hold spaces, in single quotes where a shell would
/// look inside.
fn shown_line(words: &[String]) -> String {
    let quoted = |word: &String| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@".contains(c);
        match word {
            word if !word.is_empty() && word.chars().all(plain) => word.clone(),
            word if word.contains(['$', '`', '"', '\\', '!']) => format!("'{}'", word.replace('\'', "'\\''")),
            word => format!("\"{word}\""),
        }
    };
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}
