//! The coverage report that a task promised: written by the commands that just ran, and read once.

use crate::engine::error::EngineError;
use crate::engine::site::Site;
use crate::git::Stamp;
use crate::model::coverage::{self, Lines, MAX_REPORT};
use crate::model::deliverables::Coverage;
use crate::model::name::TaskId;
use crate::model::tree::{SightError, TreeView as _};

/// A promised report, before the commands run that are to write it.
pub(super) struct CoverageReport<'a> {
    site: &'a Site<'a>,
    wanted: &'a Coverage,
    before: Option<Stamp>,
}

impl<'a> CoverageReport<'a> {
    /// Remembers what lies there now, so that it is not taken for what the commands write.
    pub(super) fn before_the_run(site: &'a Site<'_>, wanted: &'a Coverage) -> Result<Self, EngineError> {
        let before = site.repo.worktree_view()?.stamp(&wanted.report)?;
        Ok(Self { site, wanted, before })
    }

    /// What the report shows. Refused where it is missing, not written by the run, unreadable, or shows too little.
    pub(super) fn after_the_run(self, task: &TaskId) -> Result<Lines, EngineError> {
        let (path, least) = (&self.wanted.report, self.wanted.least);
        let again = format!("agentops phase next {task}");
        let worktree = self.site.repo.worktree_view()?;
        let Some(stamp) = worktree.stamp(path)? else {
            return Err(EngineError::refused(
                format!("the coverage report `{path}` is not there after the commands ran"),
                format!("let one of the commands write it there, as a plain file, then {again}"),
            ));
        };
        if self.before == Some(stamp) {
            return Err(EngineError::refused(
                format!("the coverage report `{path}` is older than the run: no command wrote it"),
                format!("let one of the commands write it anew each time, then {again}"),
            ));
        }
        let bytes = match worktree.file(path, MAX_REPORT) {
            Ok(bytes) => bytes.unwrap_or_default(),
            Err(SightError::TooLarge { size, limit, .. }) => {
                return Err(EngineError::refused(
                    format!("the coverage report `{path}` has {size} bytes; at most {limit} are read"),
                    "leave files that are not yours out of the report",
                ));
            }
            Err(error) => return Err(error.into()),
        };
        let lines = coverage::read(&bytes).map_err(|problem| {
            EngineError::refused(
                format!("the coverage report `{path}` cannot be read: line {}: {}", problem.line, problem.message),
                format!("write it as an lcov tracefile or as Cobertura's XML, then {again}"),
            )
        })?;
        if lines.reach(least) {
            return Ok(lines);
        }
        Err(EngineError::refused(
            format!("the tests cover {} ({lines} by `{path}`); promised are {least} %", lines.percent()),
            format!("test what is not covered and commit the tests, then {again}"),
        ))
    }
}
