//! Which open task a text means: the one that it names, or whose title says much the same.

use super::task::{self, Filter, Listed};
use crate::engine::error::EngineError;
use crate::engine::knowledge::likeness::{NEAR, Words};
use crate::engine::site::Site;

/// The open tasks that `text` means, the likeliest first: the one whose id begins with it, or those whose titles are near it.
/// Only those of `profile`, where one is given. A forked task has no title and is found by its id alone.
pub fn open_tasks(site: &Site, text: &str, profile: Option<&str>) -> Result<Vec<Listed>, EngineError> {
    let filter = Filter { profile: profile.map(str::to_owned), ..Filter::default() };
    let open = task::list(site, &filter)?;
    let text = text.trim();
    let named: Vec<&Listed> = open.iter().filter(|one| is_name(text) && one.task.as_str().starts_with(text)).collect();
    if let [one] = named.as_slice() {
        return Ok(vec![(*one).clone()]);
    }
    let words = Words::of(text);
    let likeness = |one: &Listed| one.state.as_ref().map_or(0.0, |state| words.likeness(&Words::of(&state.title)));
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

/// Whether a text can be the beginning of a task's id: one word, long enough to be meant as one.
fn is_name(text: &str) -> bool {
    text.len() >= 4 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
