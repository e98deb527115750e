//! Which open task a text means: the one that it names, or whose title says much the same.

use super::task::{self, Filter, Listed};
use crate::engine::error::EngineError;
use crate::engine::knowledge::likeness::{NEAR, Words};
use crate::engine::site::{Base, Site};
use crate::workflow::chain::Standing;

/// The tasks that `text`, one line, means, the likeliest first: the open one whose id begins with it, or those whose titles are
/// near it. Only those of `profile`, where one is given. A forked task has no title and is found by its id alone. A full id, and
/// a beginning with a hyphen that no open task has, means a task that has ended, too.
///
/// Errors: `Usage` where it begins the ids of several, or names a task of another profile; `NotFound` where it has the form of an
/// id and fits none: nobody writes a title so.
pub fn open_tasks(site: &Site, text: &str, profile: Option<&str>) -> Result<Vec<Listed>, EngineError> {
    let base = site.base()?;
    let filter = Filter { profile: profile.map(str::to_owned), ..Filter::default() };
    let open = task::list_at(&base, &filter)?;
    let text = text.trim();
    if is_beginning(text) {
        if base.exact(text)?.is_some() {
            return Ok(vec![by_id(&base, text, profile)?]);
        }
        let named: Vec<&Listed> = open.iter().filter(|one| one.task.as_str().starts_with(text)).collect();
        match named.as_slice() {
            [] if text.contains('-') => return Ok(vec![by_id(&base, text, profile)?]),
            [] => {}
            [one] => return Ok(vec![(*one).clone()]),
            several => {
                let ids: Vec<&str> = several.iter().map(|one| one.task.as_str()).collect();
                return Err(EngineError::usage(
                    format!("`{text}` fits {} open tasks", ids.len()),
                    format!("one of: {}; for another task: agentops prime {text} --new", ids.join(", ")),
                ));
            }
        }
    }
    let words = Words::of(text);
    let likeness = |one: &Listed| match &one.state {
        Some(state) if task::is_same_title(&state.title, text) => 1.0,
        Some(state) => words.likeness(&Words::of(&state.title)),
        None => 0.0,
    };
    let mut near: Vec<(f64, Listed)> = open.into_iter().map(|one| (likeness(&one), one)).collect();
    near.retain(|(likeness, _)| *likeness >= NEAR);
    near.sort_by(|(a, one), (b, other)| b.total_cmp(a).then_with(|| one.task.cmp(&other.task)));
    // A title that is said word for word means its task, however near others are.
    let exact = near.iter().take_while(|(likeness, _)| *likeness >= 1.0).count();
    if exact == 1 {
        near.truncate(1);
    }
    Ok(near.into_iter().map(|(_, one)| one).collect())
}

/// Refuses the id of a task as the title of a new one.
pub fn refuse_taken(site: &Site, title: &str) -> Result<(), EngineError> {
    match site.base()?.exact(title)? {
        None => Ok(()),
        Some((_, task)) => Err(EngineError::usage(
            format!("`{task}` is the id of a task; the title of a new one says what is to be done"),
            format!("to go on with that one: agentops prime {task}"),
        )),
    }
}

/// The task that an id, or its beginning, names among all, ended or not.
fn by_id(base: &Base<'_>, text: &str, profile: Option<&str>) -> Result<Listed, EngineError> {
    let chain = base.task(text)?;
    let (task, of) = (&chain.task, &chain.profile);
    if let Some(wanted) = profile.filter(|wanted| *wanted != of.as_str()) {
        return Err(EngineError::usage(
            format!("`{task}` is a task of `{of}`, not of `{wanted}`"),
            format!("agentops prime {task}"),
        ));
    }
    let state = match chain.standing() {
        Standing::At(state) => Some(state),
        Standing::Forked(_) | Standing::Absent => None,
    };
    Ok(Listed { task: task.clone(), profile: of.clone(), state })
}

/// Whether a text can be the beginning of a task's id, or the whole of it.
fn is_beginning(text: &str) -> bool {
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    text.len() <= 48 && text.strip_suffix('-').unwrap_or(text).split('-').all(is_word)
}
