//! The code that the plan names: windows of lines around each place, as the commit has them.

use super::documents::{source, text_of};
use super::item::{About, Body, Candidate, Form};
use super::measure::Measure;
use super::page::{language_of, span};
use super::recipe::Kind;
use super::scene::Scene;
use crate::engine::error::EngineError;
use crate::model::citation::{CitationKind, citations};
use crate::model::layout;
use crate::model::path::RepoPath;
use crate::model::tree::{MAX_TEXT_FILE, TreeView as _};
use crate::workflow::artifact::live_plan;

/// Lines that are shown before and behind a place.
const AROUND: usize = 10;
/// Windows with no more lines between them become one.
const BETWEEN: usize = 3;
/// Lines of one place at most.
const LONGEST: usize = 400;
/// Lines of a file that is named without any.
const BEGINNING: usize = 40;
/// Characters of a line at most: a longer one is hardly written by hand.
const WIDEST: usize = 500;
/// Files at most.
const FILES: usize = 64;
/// Places in one file at most.
const PLACES: usize = 100;
/// Places of one window that are told.
const TOLD: usize = 6;

/// A file that the plan names.
struct Named {
    path: RepoPath,
    /// First and last line as written; none: the beginning.
    lines: Vec<(u32, u32)>,
    /// Whether the plan says that it is not there yet.
    is_new: bool,
}

/// What the plan of the task names, in the order in which it does: first what is to change, then what it cites besides.
pub(super) fn candidates(scene: &Scene<'_>, measure: &mut Measure) -> Result<Vec<Candidate>, EngineError> {
    let mut found = Vec::new();
    let mut all = named(scene)?;
    let rest = all.split_off(all.len().min(FILES));
    for named in all {
        let entry = scene.base.tree.entry(&named.path)?.filter(|entry| entry.mode.is_file());
        let title = format!("Code: {}", span(&named.path.to_string()));
        let Some(entry) = entry else {
            // What is to be made is not missing.
            if !named.is_new {
                let about = About {
                    kind: Kind::Code,
                    title,
                    source: named.path.to_string(),
                    reason: "The plan names it.".into(),
                    command: scene.history_of(&named.path),
                };
                let why = format!("is no file at {}", scene.base.commit.short());
                found.push(Candidate { about, body: Body::Unreadable(why), made_of: Vec::new() });
            }
            continue;
        };
        let about = About {
            kind: Kind::Code,
            title,
            source: source(&named.path, &entry.id),
            reason: String::new(),
            command: scene.show(&named.path, &entry.id),
        };
        match text_of(scene, &named.path, &entry.id)? {
            Err(why) => {
                let about = About { reason: "The plan names it.".into(), ..about };
                found.push(Candidate { about, body: Body::Unreadable(why), made_of: Vec::new() });
            }
            Ok(text) => {
                let of = measure.count(&entry.id, &text);
                found.extend(windows(&named, &about, &text, of));
            }
        }
    }
    found.extend(rest.first().map(|first| unread(scene, first, rest.len())));
    Ok(found)
}

/// The files of a long plan that are not looked at.
fn unread(scene: &Scene<'_>, first: &Named, count: usize) -> Candidate {
    let about = About {
        kind: Kind::Code,
        title: format!("Code: {count} more files of the plan, from {} on", span(&first.path.to_string())),
        source: "plan".into(),
        reason: "The plan names them.".into(),
        command: format!("agentops task show {}", scene.chain.task),
    };
    Candidate { about, body: Body::Unreadable(format!("come after the first {FILES}")), made_of: Vec::new() }
}

fn named(scene: &Scene<'_>) -> Result<Vec<Named>, EngineError> {
    let Some((path, plan)) = live_plan(scene.base.view(), scene.chain, scene.rules)? else { return Ok(Vec::new()) };
    let mut all: Vec<Named> = Vec::new();
    let mut name = |path: RepoPath, lines: Option<(u32, u32)>, is_new: bool| {
        if path.is_below(layout::ROOT) || !path.is_ordinary() {
            return;
        }
        match all.iter_mut().find(|named| named.path == path) {
            Some(named) => {
                named.is_new |= is_new;
                named.lines.extend(lines);
            }
            None => all.push(Named { path, lines: lines.into_iter().collect(), is_new }),
        }
    };
    for change in plan.changes {
        name(change.path, change.lines, change.new_file);
    }
    let bytes = scene.base.tree.file(&path, MAX_TEXT_FILE)?.unwrap_or_default();
    for citation in citations(&String::from_utf8_lossy(&bytes), 1) {
        if let CitationKind::Path(cited) = citation.kind
            && cited.lines.is_some()
        {
            name(cited.repo_path(), cited.lines, false);
        }
    }
    Ok(all)
}

/// Some lines, counted from 1, and the places that they are shown for.
struct Window {
    first: usize,
    last: usize,
    places: Vec<String>,
    notes: Vec<String>,
}

fn windows(named: &Named, about: &About, text: &str, of: usize) -> Vec<Candidate> {
    let lines: Vec<&str> = text.lines().collect();
    let name = named.path.to_string();
    let ranges = named.lines.iter().take(PLACES);
    let mut all: Vec<Window> = ranges.map(|range| window(&name, *range, lines.len())).collect();
    if let (Some(first), true) = (all.first_mut(), named.lines.len() > PLACES) {
        first.notes.push(format!("Of {} places in this file the first {PLACES} are shown.", named.lines.len()));
    }
    if all.is_empty() {
        let last = lines.len().min(BEGINNING);
        all.push(Window { first: 1, last, places: vec![span(&name)], notes: Vec::new() });
    }
    all.sort_by_key(|window| (window.first, window.last));
    let mut merged: Vec<Window> = Vec::new();
    for mut window in all {
        let Some(before) = merged.last_mut().filter(|before| window.first <= before.last + BETWEEN + 1) else {
            merged.push(window);
            continue;
        };
        // What is given as one piece is left out as one piece: it must not grow without end.
        if window.last.saturating_sub(before.first) < LONGEST || window.last <= before.last {
            before.last = before.last.max(window.last);
            before.places.append(&mut window.places);
            before.notes.append(&mut window.notes);
        } else {
            window.first = before.last + 1;
            merged.push(window);
        }
    }
    merged.into_iter().map(|window| candidate(named, about, &lines, window, of)).collect()
}

/// The lines around a place of a file that has `count` lines.
fn window(name: &str, (first, last): (u32, u32), count: usize) -> Window {
    let place = if first == last { format!("{name}:{first}") } else { format!("{name}:{first}-{last}") };
    let mut notes = Vec::new();
    let (mut from, mut to) = (first.max(1) as usize, last.max(first).max(1) as usize);
    if to > count {
        notes.push(format!("The file ends at line {count}."));
        (from, to) = (from.min(count.max(1)), count.max(1));
    }
    if to - from >= LONGEST {
        notes.push(format!("Of {} lines from {from} on, {LONGEST} are shown.", to - from + 1));
        to = from + LONGEST - 1;
    }
    Window {
        first: from.saturating_sub(AROUND).max(1),
        last: (to + AROUND).min(count),
        places: vec![span(&place)],
        notes,
    }
}

fn candidate(named: &Named, about: &About, lines: &[&str], window: Window, of: usize) -> Candidate {
    let Window { first, last, places, notes } = window;
    let shown = lines.get(first - 1..last).unwrap_or_default();
    let mut text = String::new();
    let mut cut = 0;
    for line in shown {
        match line.char_indices().nth(WIDEST) {
            Some((end, _)) => {
                cut += 1;
                text.push_str(&line[..end]);
                text.push_str(&format!(" … ({} bytes more)", line.len() - end));
            }
            None => text.push_str(line),
        }
        text.push('\n');
    }
    let mut places = places;
    places.dedup();
    let more = places.len().saturating_sub(TOLD);
    places.truncate(TOLD);
    let more = if more > 0 { format!(", and {more} more places here") } else { String::new() };
    let mut reason = format!("The plan names {}{more}.", places.join(", "));
    for note in notes.into_iter().take(TOLD) {
        reason.push(' ');
        reason.push_str(&note);
    }
    if cut > 0 {
        reason.push_str(&format!(" Of {cut} long lines only the first {WIDEST} characters are shown."));
    }
    let is_all = first == 1 && last >= lines.len() && cut == 0;
    let form = if is_all { Form::Whole } else { Form::Lines(first, last) };
    let title = if is_all { about.title.clone() } else { format!("{}, lines {first}-{last}", about.title) };
    let command = if is_all { about.command.clone() } else { format!("{} | sed -n {first},{last}p", about.command) };
    Candidate {
        about: About { title, reason, command, ..about.clone() },
        body: Body::Part { form, text, language: language_of(&named.path), of: Some(of) },
        made_of: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(lines: &[(u32, u32)], count: usize) -> Vec<(String, String)> {
        let named = Named { path: "a.rs".into(), lines: lines.to_vec(), is_new: false };
        let about = About {
            kind: Kind::Code,
            title: "Code".into(),
            source: String::new(),
            reason: String::new(),
            command: "git show x:a.rs".into(),
        };
        let text: String = (1..=count).map(|line| format!("{line}\n")).collect();
        let all = windows(&named, &about, &text, 1000).into_iter();
        all.map(|candidate| {
            let Body::Part { form, text, .. } = candidate.body else { panic!("no part") };
            let (first, last) = (text.lines().next().unwrap_or_default(), text.lines().last().unwrap_or_default());
            (format!("{form}: {first}..{last}"), candidate.about.reason)
        })
        .collect()
    }

    fn forms(lines: &[(u32, u32)], count: usize) -> Vec<String> {
        shown(lines, count).into_iter().map(|(form, _)| form).collect()
    }

    #[test]
    fn places_near_one_another_are_one_window() {
        assert_eq!(forms(&[(50, 52)], 100), ["lines 40-62: 40..62"]);
        assert_eq!(forms(&[(90, 90), (20, 20), (38, 39)], 100), ["lines 10-49: 10..49", "lines 80-100: 80..100"]);
        assert_eq!(forms(&[(20, 20), (44, 44)], 100), ["lines 10-54: 10..54"], "three lines lie between");
        assert_eq!(forms(&[(20, 20), (45, 45)], 100).len(), 2);
        assert_eq!(forms(&[], 100), ["lines 1-40: 1..40"]);
        assert_eq!(forms(&[(3, 3)], 8), ["whole: 1..8"]);
        assert_eq!(forms(&[(20, 200), (180, 600)], 1000), ["lines 10-210: 10..210", "lines 211-589: 211..589"]);
        let many: Vec<(u32, u32)> = (40..60).map(|line| (line, line)).collect();
        assert!(shown(&many, 100)[0].1.ends_with("`a.rs:45`, and 14 more places here."));
    }

    #[test]
    fn what_is_not_there_is_said() {
        let beyond = shown(&[(200, 210)], 100);
        assert_eq!(
            beyond,
            [("lines 90-100: 90..100".into(), "The plan names `a.rs:200-210`. The file ends at line 100.".into())]
        );
        let long = shown(&[(1, 900)], 1000);
        assert!(long[0].1.ends_with("Of 900 lines from 1 on, 400 are shown."), "{long:?}");
        assert_eq!(forms(&[(0, 0)], 0), ["whole: .."]);
        assert_eq!(forms(&[(7, 3)], 100), ["lines 1-17: 1..17"]);
    }
}
