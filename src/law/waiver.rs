use crate::model::law_id::LawId;
use crate::model::message::Message;
pub(crate) struct Waiver {
    pub(crate) law: LawId,
    pub(crate) reason: String,
    pub(crate) commit_index: usize,
    pub(crate) line: usize,
}
pub(crate) struct WaiverProblem {
    pub(crate) message: String,
    pub(crate) fix: String,
    pub(crate) commit_index: usize,
    pub(crate) line: usize,
}
pub(crate) fn read(_m: &[Message]) -> Vec<Result<Waiver, WaiverProblem>> {
    Vec::new()
}
